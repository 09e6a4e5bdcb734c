// Runs a job from wherever it stands to its end: its opcodes in order, by one worker at a time.
import { setTimeout } from 'node:timers/promises';
import { isFinal, type Depends, type JobStatus } from '../../schemas/job.js';
import type { OpcodeFate } from '../../src/jobs/record.js';
import type { Handled } from '../../src/jobs/queue.js';
import { claimJob, LostJob, type Run } from '../../src/jobs/run.js';
import type { QueueEntry } from '../../src/jobs/scripts/enqueue.js';
import type { EngineParts } from './engine.js';
import { HandOver, Parked } from './interruption.js';
import { openJournal, type Journal } from './journal.js';
import type { ParkingLot } from './parking.js';
import { CANCELED, failure, PRECEDING_FAILED, withRemains, type Outcome } from './outcome.js';
import { preparedIn, runOpcode } from './run-opcode.js';
import { positionIn, standing, type PlannedStep, type Position } from './step-record.js';
import { listenForStops, type StopSignals } from './stop-signals.js';

/** How often workers have died at one place of a job. */
interface TakeUps {
  place: string;
  times: number;
}

/** How long a job is kept back that this worker could not even begin, or failed with in a way that nobody thought of. */
const UNEXPECTED_PAUSE_MS = 1000;

/** Claims the job and runs it. `goingAway` is aborted with HandOver when the worker shall end. Never rejects: the queue must not drop a job. */
export async function runJob(engine: EngineParts, lot: ParkingLot, place: QueueEntry, goingAway: AbortSignal): Promise<Handled> {
  const { id } = place;
  const stops = listenForStops(engine, id, goingAway);
  let run: Run | undefined;
  try {
    run = await claimJob(engine.redis, engine.keys, engine.keepCount, place, engine.worker);
    if (run === undefined) return 'done';
    stops.claimed(run);
    await runOpcodes(engine, run, stops.signals);
    return 'done';
  } catch (error) {
    if (error instanceof LostJob) return 'done';
    if (error instanceof Parked && run !== undefined) {
      lot.watch(run, error.place);
      return 'done';
    }
    // A worker that goes away in good order has not died at this step.
    if (error instanceof HandOver) await run?.write({ fields: { taken_up: null } }).catch(() => undefined);
    else {
      engine.log.error({ err: error, job: id }, 'the engine failed; the job is handed back');
      await setTimeout(UNEXPECTED_PAUSE_MS);
    }
    return 'hand back';
  } finally {
    stops.stop();
  }
}

async function runOpcodes(engine: EngineParts, run: Run, stops: StopSignals): Promise<void> {
  let takingUp = run.epoch > 1 && !run.wasParked;
  for (let index = 0; index < run.spec.ops.length; index++) {
    if (isFinal(run.fate(index).status)) continue;
    const journal = openJournal(run, index);
    const conclude = (outcome: Outcome) => writeOutcome(run, index, journal, outcome);
    const decided = refusal(run, index) ?? (takingUp ? await takeUp(engine, run, index, journal) : undefined);
    takingUp = false;
    if (decided !== undefined) await conclude(decided);
    const outcome = decided ?? (await runNext(engine, run, index, journal, stops, conclude));
    if (outcome.status !== 'success') return;
  }
}

/** What the ends of the jobs that it depends on mean for a job that is about to begin. */
function refusal(run: Run, index: number): Outcome | undefined {
  if (index > 0 || preparedIn(run, 0) !== undefined) return undefined;
  return dependencyOutcome(run.spec.depends, run.dependencyStatuses);
}

/** Writes down that, and where, the job is taken up; the opcode's end when too many workers have died there. */
async function takeUp({ worker, takeUpLimit }: EngineParts, run: Run, index: number, journal: Journal): Promise<Outcome | undefined> {
  const prepared = preparedIn(run, index);
  const where = prepared === undefined ? 'before the first step' : placeIn(prepared.steps, positionIn(run, index));

  const before = run.note<TakeUps | null>('taken_up');
  const place = `${index} ${where}`;
  const times = timesAt(place, before);
  await run.write({ fields: { taken_up: { place, times } satisfies TakeUps } });
  if (times > takeUpLimit) {
    const given = { message: `given up ${where}: ${times} workers in a row died there`, errorClass: 'environment_error' } as const;
    if (prepared === undefined) return failure('OpPrereqError', given);
    return withRemains(failure('OpExecError', given), '', standing(prepared.steps, positionIn(run, index)));
  }
  journal.log(`taken up by worker ${worker} ${where}`);
  return undefined;
}

function placeIn(plan: readonly PlannedStep[], { done, undoing }: Position): string {
  if (undoing !== undefined) return `at undoing step ${undoing.left.length} of ${plan.length}`;
  return `at step ${done.length + 1} of ${plan.length} ("${plan[done.length]?.name ?? 'result'}")`;
}

/** Null stands for a worker that has handed the job over instead of dying. */
function timesAt(place: string, before: TakeUps | null | undefined): number {
  if (before === null) return 0;
  return before?.place === place ? before.times + 1 : 1;
}

async function runNext(
  engine: EngineParts,
  run: Run,
  index: number,
  journal: Journal,
  stops: StopSignals,
  conclude: (outcome: Outcome) => Promise<void>,
): Promise<Outcome> {
  const op = run.spec.ops[index] ?? { OP_ID: '' };
  const definition = engine.opcodes.get(op.OP_ID);
  if (definition === undefined) {
    const message = `worker ${engine.worker} does not know ${op.OP_ID}; is it older than the API?`;
    const outcome = failure('OpPrereqError', { message, errorClass: 'environment_error' });
    await conclude(outcome);
    return outcome;
  }
  return await runOpcode({ engine, run, stops, journal, index, op, definition, conclude });
}

/** Writes how the opcode ended, and with it the job's end if this decides it. */
async function writeOutcome(run: Run, index: number, journal: Journal, outcome: Outcome): Promise<void> {
  const last = index === run.spec.ops.length - 1;
  const rest = outcome.status === 'error' ? PRECEDING_FAILED : CANCELED;
  const fields: Record<string, unknown> = {};
  if (outcome.status !== 'success') {
    for (let later = index + 1; later < run.spec.ops.length; later++)
      fields[`op:${later}`] = { ...rest, progress: null, times: [null, null, null] } satisfies OpcodeFate;
  }
  const ends = last || outcome.status !== 'success';
  const progress = run.fate(index).progress;
  await journal.fate(
    {
      status: outcome.status,
      result: outcome.result,
      ...(progress !== null && outcome.status === 'success'
        ? { progress: { ...progress, done: progress.total, fraction: null, figures: null } }
        : {}),
    },
    // Between two opcodes a job waits for the locks of the next.
    { status: ends ? outcome.status : 'waiting', fields },
  );
}

/** What the ends of other jobs mean for this one: nothing, or its own end. */
function dependencyOutcome(depends: Depends, statuses: JobStatus[]): Outcome | undefined {
  for (const [index, [job, accepted]] of depends.entries()) {
    const status = statuses[index];
    if (status === undefined || accepted.length === 0 || accepted.includes(status)) continue;
    if (status === 'canceled') return CANCELED;
    const message = `Dependency job ${job} finished with status '${status}', not one of '${accepted.join("', '")}' as required`;
    return failure('OpPrereqError', { message, errorClass: 'wrong_state' });
  }
  return undefined;
}
