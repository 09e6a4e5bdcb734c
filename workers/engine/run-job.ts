// Runs a job from wherever it stands to its end: its opcodes in order, by one worker at a time.
import { setTimeout } from 'node:timers/promises';
import { isFinal, type Depends, type JobStatus } from '../../schemas/job.js';
import type { Handled } from '../../src/jobs/queue.js';
import { claimJob, LostJob, type Run } from '../../src/jobs/run.js';
import type { QueueEntry } from '../../src/jobs/scripts/enqueue.js';
import { concludeOpcode, type Ending } from './conclude.js';
import type { EngineParts } from './engine.js';
import { HandOver, Parked } from './interruption.js';
import { openJournal } from './journal.js';
import { CANCELED, failure, type Outcome } from './outcome.js';
import type { ParkingLot } from './parking.js';
import { preparedIn } from './prepared.js';
import { releaseAll, runOpcode } from './run-opcode.js';
import { listenForStops, type StopSignals } from './stop-signals.js';
import { definitionFor, isTakenUp, leaveToOthers, LeftToOthers, NOT_DIED, takeUp } from './taking-up.js';

/** How long a job is kept back that this worker failed with in a way that nobody thought of. */
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
    if (error instanceof LostJob || error instanceof LeftToOthers) return 'done';
    if (error instanceof Parked && run !== undefined) {
      lot.watch(run, error.place);
      return 'done';
    }
    // A worker that goes away in good order has not died at this step.
    if (error instanceof HandOver) await run?.write({ fields: NOT_DIED }).catch(() => undefined);
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
  let takingUp = isTakenUp(run);
  for (let index = 0; index < run.spec.ops.length; index++) {
    if (isFinal(run.fate(index).status)) continue;
    const journal = openJournal(run, index);
    const outcome = await runNext({ engine, run, stops, journal, index }, takingUp);
    takingUp = false;
    if (outcome.status !== 'success') return;
  }
}

async function runNext(opcode: Ending, takingUp: boolean): Promise<Outcome> {
  const before = endBefore(opcode);
  if (before !== undefined) return await endWithout(opcode, before);
  const definition = definitionFor(opcode);
  if (definition === undefined) return await endWithout(opcode, await leaveToOthers(opcode));
  const givenUp = takingUp ? await takeUp(opcode) : undefined;
  if (givenUp !== undefined) return await endWithout(opcode, givenUp);
  return await runOpcode({ ...opcode, definition, conclude: (outcome) => concludeOpcode(opcode, outcome) });
}

/** The end of one that is not even to be begun: because of the ends of the jobs that it depends on, or because it was cancelled. */
function endBefore({ run, stops, index }: Ending): Outcome | undefined {
  if (preparedIn(run, index) !== undefined) return undefined;
  if (stops.cancel.aborted) return CANCELED;
  return index === 0 ? dependencyOutcome(run.spec.depends, run.dependencyStatuses) : undefined;
}

/** Ends an opcode that this worker has not run. Locks that others took for it are nobody's now. */
async function endWithout(opcode: Ending, outcome: Outcome): Promise<Outcome> {
  const { engine, run, index } = opcode;
  await concludeOpcode(opcode, outcome);
  if (run.epoch > 1) releaseAll(engine, run, index);
  return outcome;
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
