// How far an opcode's steps are, as its job's record keeps it: by their keys, so that a worker of another version sees whether its own steps go
// on from there. Where they do not, nothing is guessed.
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { Run } from '../../src/jobs/run.js';
import type { OpcodeDefinition, Step, StepKey, StepResults } from './opcode.js';
import type { Outcome, Remains } from './outcome.js';

/** A step as it is kept: what it is called must be known also to who does not know the opcode. */
export type PlannedStep = Pick<Step, 'key' | 'name'>;

/** A finished step and what it has answered. */
export type DoneStep = [key: string, result: unknown];

/** That, and how far, the steps are being undone. */
export interface Undoing {
  because: Outcome;
  /** Those that are still to be undone, in the order in which they were begun; the last one may be half undone. */
  left: { key: string; finished: boolean }[];
  remains: Remains;
  /** The first step was refused, because what was checked is not so any more: undone, the opcode is as it was before its check. */
  refused?: true;
}

export interface Position {
  done: DoneStep[];
  undoing: Undoing | undefined;
}

export const doneField = (index: number) => `done:${index}`;
export const undoingField = (index: number) => `undoing:${index}`;

/** Where an opcode that was begun stands. */
export const positionIn = (run: Run, index: number): Position => ({
  done: run.note<DoneStep[] | null>(doneField(index)) ?? [],
  undoing: run.note<Undoing | null>(undoingField(index)) ?? undefined,
});

export const planned = (steps: readonly Step[]): PlannedStep[] => steps.map(({ key, name }) => ({ key, name }));

/** The opcode's steps. Throws when two of them have one key. */
export function stepsOf(definition: OpcodeDefinition, facts: unknown): Step[] {
  const steps = definition.steps(facts);
  const keys = new Set<string>();
  for (const { key } of steps) {
    if (keys.has(key)) throw new Error(`${definition.id} has two steps of the key ${key}`);
    keys.add(key);
  }
  return steps;
}

/**
 * Throws environment_error unless the steps begin as those that were planned, up to the last one that may have been begun. What comes after
 * it nobody has touched: there they may differ.
 */
export function assertGoesOn(plan: readonly PlannedStep[], { done, undoing }: Position, steps: readonly Step[]): void {
  // While they are undone none is begun any more, and those that were undone are done with.
  const begun = plan.slice(0, undoing === undefined ? done.length + 1 : undoing.left.length);
  for (const [index, { key, name }] of begun.entries()) {
    if (steps[index]?.key === key) continue;
    const is = steps[index] === undefined ? 'has no such step' : `has "${steps[index].name}" in its place`;
    throw new ClassifiedError('environment_error', `step ${index + 1} was "${name}" when this was begun, and this worker's version ${is}`);
  }
}

/** What stands when nobody goes on: of the steps that were finished and not undone, and of the one that may have been begun or half undone. */
export function standing(plan: readonly PlannedStep[], { done, undoing }: Position): Remains {
  if (undoing === undefined) return remainsOf(plan.slice(0, done.length), plan.slice(done.length, done.length + 1));
  const begun = plan.slice(0, undoing.left.length);
  const isWhole = (_: PlannedStep, at: number) => undoing.left[at]?.finished === true && at < begun.length - 1;
  const { certain, perhaps } = remainsOf(
    begun.filter(isWhole),
    begun.filter((step, at) => !isWhole(step, at)),
  );
  return { certain: [...certain, ...undoing.remains.certain], perhaps: [...perhaps, ...undoing.remains.perhaps] };
}

const remainsOf = (certain: readonly PlannedStep[], perhaps: readonly PlannedStep[]): Remains => ({
  certain: certain.map(({ name }) => name),
  perhaps: perhaps.map(({ name }) => name),
});

export function resultsOf(done: readonly DoneStep[]): StepResults {
  const results = new Map(done);
  // A step's key says what the step answers; JSON has kept it.
  const find = <Result>(key: StepKey<Result>) => results.get(key) as Result | undefined;
  return {
    find,
    get<Result>(key: StepKey<Result>) {
      if (!results.has(key)) throw new Error(`no step ${key} was done`);
      return find(key) as Result;
    },
  };
}
