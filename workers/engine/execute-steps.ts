// The steps of an opcode, forwards; and backwards when one fails or the job is cancelled.
import type { Run } from '../../src/jobs/run.js';
import type { ClassifiedError } from '../../src/errors/classified-error.js';
import { endChildren, runChild } from './child-jobs.js';
import { boundCeph } from './bound-ceph.js';
import type { EngineParts } from './engine.js';
import { Cancelled, isLeaving } from './interruption.js';
import type { Journal } from './journal.js';
import type { OpcodeDefinition, Step, StepContext } from './opcode.js';
import { CANCELED, failure, withRemains, type Outcome } from './outcome.js';
import type { StopSignals } from './stop-signals.js';
import type { World } from './world.js';

export interface Execution {
  engine: EngineParts;
  run: Run;
  stops: StopSignals;
  journal: Journal;
  index: number;
  definition: OpcodeDefinition;
  facts: unknown;
  /** For the steps: under the opcode's locks. */
  world: World;
  /** Aborted (LocksLost) when locks are gone. */
  held: AbortSignal[];
  report(error: unknown): ClassifiedError;
}

/** That, and how far, the steps are being undone. */
interface Undoing {
  because: Outcome;
  /** How many steps, from the first, are still to be undone. */
  left: number;
  /** The names of those that could not be undone. */
  remains: string[];
}

const doneField = (index: number) => `done:${index}`;
const undoingField = (index: number) => `undoing:${index}`;

/** Where an opcode that was begun stands: how many steps are done, how many are still to be undone. */
export function positionIn(run: Run, index: number): { done: number; undoing: number | undefined } {
  return { done: run.note<unknown[]>(doneField(index))?.length ?? 0, undoing: run.note<Undoing>(undoingField(index))?.left };
}

export async function executeSteps(execution: Execution): Promise<Outcome> {
  const steps = execution.definition.steps(execution.facts);
  const undoing = execution.run.note<Undoing>(undoingField(execution.index)) ?? (await goForward(execution, steps));
  return 'because' in undoing ? await goBack(execution, steps, undoing) : undoing;
}

async function goForward(execution: Execution, steps: Step[]): Promise<Outcome | Undoing> {
  const { engine, run, stops, journal, index, definition, facts, held } = execution;
  const done = [...(run.note<unknown[]>(doneField(index)) ?? [])];
  // Once set, nothing but leaving stops the steps, and a cancel is refused with this.
  let refusal: string | undefined;
  let stop = firstOf(stops.either, held);
  const refuse = () => journal.log(refusal ?? '');
  const goOnToTheEnd = (text: string) => {
    if (refusal === undefined) stops.cancel.addEventListener('abort', refuse, { once: true });
    refusal ??= text;
    stop = firstOf(stops.leave, held);
  };
  if (definition.uninterruptible !== undefined) {
    goOnToTheEnd(`${definition.id} can't be cancelled once it has begun: ${definition.uninterruptible}`);
  }
  const irrevocably = ({ irrevocable }: Step) => {
    if (irrevocable !== undefined) goOnToTheEnd(`${definition.id} can't be cancelled any more: ${irrevocable}`);
  };
  steps.slice(0, done.length).forEach(irrevocably);
  try {
    for (const step of steps.slice(done.length)) {
      await engine.store.connected(stop);
      stop.throwIfAborted();
      irrevocably(step);
      journal.step(step.name, 'begun');
      done.push((await step.run(contextOf(execution, stop))) ?? null);
      journal.step(step.name, 'finished');
      // The last step needs no write of its own: the opcode's end is the next thing that is written.
      if (done.length < steps.length) await recordProgress(execution, steps, done);
    }
    return { status: 'success', result: definition.result(facts, done) };
  } catch (thrown) {
    // A step that is told to stop may fail in its own way; why it was told to stop is what counts.
    const error = stop.aborted ? (stop.reason as unknown) : thrown;
    if (isLeaving(error)) throw error;
    const step = steps[done.length];
    if (step !== undefined) journal.step(step.name, 'failed');
    const because = error instanceof Cancelled ? CANCELED : failure('OpExecError', execution.report(error));
    return { because, left: Math.min(done.length + 1, steps.length), remains: [] };
  } finally {
    stops.cancel.removeEventListener('abort', refuse);
  }
}

async function recordProgress({ journal, index }: Execution, steps: Step[], done: unknown[]): Promise<void> {
  const progress = { steps: steps.map(({ name }) => name), done: done.length, total: steps.length, fraction: null, figures: null };
  await journal.fate({ status: 'running', progress }, { fields: { [doneField(index)]: done } });
}

async function goBack(execution: Execution, steps: Step[], undoing: Undoing): Promise<Outcome> {
  const { engine, stops, journal, index, held } = execution;
  const stop = firstOf(stops.leave, held);
  const remains = [...undoing.remains];
  await endChildren(execution, stop);
  for (let left = undoing.left; left > 0; left--) {
    await journal.write({ fields: { [undoingField(index)]: { ...undoing, left, remains } satisfies Undoing } });
    const { name, undo } = steps[left - 1] as Step;
    if (undo === undefined) continue;
    try {
      await engine.store.connected(stop);
      stop.throwIfAborted();
      await undo(contextOf(execution, stop));
      journal.step(name, 'undone');
    } catch (thrown) {
      const error = stop.aborted ? (stop.reason as unknown) : thrown;
      if (isLeaving(error)) throw error;
      journal.log(`could not undo "${name}": ${execution.report(error).message}`);
      remains.push(name);
    }
  }
  return withRemains(undoing.because, remains);
}

function contextOf(execution: Execution, signal: AbortSignal): StepContext {
  const { world, run, journal, index } = execution;
  const log = (message: string) => journal.log(message);
  const progress: StepContext['progress'] = (fraction, figures) => journal.progress(fraction, figures);
  return {
    world: {
      ...world,
      ceph: boundCeph(world.ceph, { signal, onStderr: log, onProgress: progress }),
      osdHosts: { on: (node, more) => world.osdHosts.on(node, { onStderr: log, ...more }) },
    },
    job: run.id,
    signal,
    log,
    progress,
    child: (key, op) => runChild(execution, key, op, signal),
    children: () => run.children(index),
  };
}

const firstOf = (signal: AbortSignal, others: AbortSignal[]): AbortSignal =>
  others.length === 0 ? signal : AbortSignal.any([signal, ...others]);
