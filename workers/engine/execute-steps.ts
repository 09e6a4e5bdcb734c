// The steps of an opcode, forwards; and backwards when one fails or the job is cancelled.
import type { ErrorClass } from '../../schemas/error-class.js';
import type { Progress } from '../../schemas/job.js';
import type { Run } from '../../src/jobs/run.js';
import { classify, type ClassifiedError } from '../../src/errors/classified-error.js';
import { endChildren, runChild } from './child-jobs.js';
import { boundCeph } from './bound-ceph.js';
import type { EngineParts } from './engine.js';
import { Cancelled, isLeaving } from './interruption.js';
import type { Journal } from './journal.js';
import type { OpcodeDefinition, Step, StepContext } from './opcode.js';
import { CANCELED, failure, withRemains, type Outcome, type Remains } from './outcome.js';
import { doneField, positionIn, resultsOf, undoingField, type DoneStep, type PlannedStep, type Undoing } from './step-record.js';
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
  steps: readonly Step[];
  /** Whether another runner may have begun the first step that is not on record as done. */
  resumed: boolean;
  /** For the steps: under the opcode's locks. */
  world: World;
  report(error: unknown): ClassifiedError;
}

/** What the check had found is not so any more, and nothing was changed: the outcome, unless it is checked once more. */
export interface Refused {
  refused: Outcome;
}

/** Of a first step that reserves what the check has found: somebody else was quicker. */
const REFUSALS: ReadonlySet<ErrorClass> = new Set(['wrong_state', 'insufficient_resources', 'unknown_entity', 'already_exists']);

export async function executeSteps(execution: Execution): Promise<Outcome | Refused> {
  const { undoing } = positionIn(execution.run, execution.index);
  const next = undoing ?? (await goForward(execution));
  if (!('because' in next)) return next;
  const outcome = await goBack(execution, next);
  return next.refused === true && outcome === next.because ? { refused: outcome } : outcome;
}

async function goForward(execution: Execution): Promise<Outcome | Undoing> {
  const { engine, run, stops, journal, index, definition, facts, steps, resumed } = execution;
  const done = [...positionIn(run, index).done];
  /** How many steps may have been begun, by whomever. */
  let begun = Math.min(done.length + (resumed ? 1 : 0), steps.length);
  // Once set, nothing but leaving stops the steps, and a cancel is refused with this.
  let refusal: string | undefined;
  let stop = stops.either;
  const refuse = () => journal.log(refusal ?? '');
  const goOnToTheEnd = (text: string) => {
    stop = stops.leave;
    if (refusal !== undefined) return;
    refusal = text;
    // It may have been cancelled while no worker had it.
    if (stops.cancel.aborted) refuse();
    else stops.cancel.addEventListener('abort', refuse, { once: true });
  };
  if (definition.uninterruptible !== undefined) {
    goOnToTheEnd(`${definition.id} can't be cancelled once it has begun: ${definition.uninterruptible}`);
  }
  const irrevocably = ({ irrevocable }: Step) => {
    if (irrevocable !== undefined) goOnToTheEnd(`${definition.id} can't be cancelled any more: ${irrevocable}`);
  };
  steps.slice(0, begun).forEach(irrevocably);
  try {
    for (const step of steps.slice(done.length)) {
      await engine.store.connected(stop);
      stop.throwIfAborted();
      irrevocably(step);
      begun = done.length + 1;
      journal.step(step.name, 'begun');
      done.push([step.key, (await step.run(contextOf(execution, stop))) ?? null]);
      journal.step(step.name, 'finished');
      // The last step needs no write of its own: the opcode's end is the next thing that is written.
      if (done.length < steps.length) await recordProgress(execution, done);
    }
    return { status: 'success', result: definition.result(facts, resultsOf(done)) };
  } catch (thrown) {
    // A step that is told to stop may fail in its own way; why it was told to stop is what counts.
    const error = stop.aborted ? (stop.reason as unknown) : thrown;
    if (isLeaving(error)) throw error;
    const step = begun > done.length ? steps[done.length] : undefined;
    if (step !== undefined) journal.step(step.name, 'failed');
    const refused = step?.reserves === true && done.length === 0 && REFUSALS.has(classify(error).errorClass);
    const because = error instanceof Cancelled ? CANCELED : failure(refused ? 'OpPrereqError' : 'OpExecError', execution.report(error));
    const left = steps.slice(0, begun).map(({ key }, at) => ({ key, finished: at < done.length }));
    return { because, left, remains: { certain: [], perhaps: [] }, ...(refused ? { refused } : {}) };
  } finally {
    stops.cancel.removeEventListener('abort', refuse);
  }
}

async function recordProgress({ journal, index, steps }: Execution, done: DoneStep[]): Promise<void> {
  const progress = { ...progressOf(steps), done: done.length };
  await journal.fate({ status: 'running', progress }, { fields: { [doneField(index)]: done } });
}

/** Of steps of which none is finished. */
export const progressOf = (steps: readonly PlannedStep[]): Progress => ({
  steps: steps.map(({ name }) => name),
  done: 0,
  total: steps.length,
  fraction: null,
  figures: null,
});

async function goBack(execution: Execution, undoing: Undoing): Promise<Outcome> {
  const { engine, stops, journal, index } = execution;
  const stop = stops.leave;
  const steps = new Map(execution.steps.map((step) => [step.key, step]));
  const left = [...undoing.left];
  const remains: Remains = { certain: [...undoing.remains.certain], perhaps: [...undoing.remains.perhaps] };
  await endChildren(execution, stop);
  for (let last = left.at(-1); last !== undefined; left.pop(), last = left.at(-1)) {
    await journal.write({ fields: { [undoingField(index)]: { ...undoing, left, remains } satisfies Undoing } });
    const { name, undo } = steps.get(last.key) as Step;
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
      remains[last.finished ? 'certain' : 'perhaps'].push(name);
    }
  }
  return withRemains(undoing.because, 'could not undo, and ', remains);
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
