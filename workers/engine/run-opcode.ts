// Runs one opcode of a job: locks → check → steps → result. What has happened stands in the job's record before the next thing begins,
// so a worker that takes the job up goes on from there.
import { isDeepStrictEqual } from 'node:util';
import type { Opcode } from '../../schemas/job.js';
import { LocksLost } from '../../src/cluster/fence.js';
import type { LockRequest } from '../../src/cluster/locks.js';
import { classify, type ClassifiedError } from '../../src/errors/classified-error.js';
import type { Run } from '../../src/jobs/run.js';
import { boundCeph, lookedAtCeph } from './bound-ceph.js';
import type { EngineParts } from './engine.js';
import { executeSteps, type Execution } from './execute-steps.js';
import { slotOn, takeHold, worldUnder, type Hold } from './hold.js';
import { Cancelled, isLeaving } from './interruption.js';
import type { Journal } from './journal.js';
import { resolveWishes, type LockWish } from './lock-wish.js';
import type { OpcodeDefinition } from './opcode.js';
import { CANCELED, failure, type Outcome } from './outcome.js';
import type { StopSignals } from './stop-signals.js';

/** An opcode of a claimed job, and all that running it needs. */
export interface Scene {
  engine: EngineParts;
  run: Run;
  stops: StopSignals;
  journal: Journal;
  index: number;
  op: Opcode;
  definition: OpcodeDefinition;
  /** Writes down how the opcode ended. Called under the locks: a step that is repeated after a crash must not meet what others did since. */
  conclude(outcome: Outcome): Promise<void>;
}

/** What is kept of the locks and the check, before the first step begins: nothing of it is asked for again. */
interface Prepared {
  locks: LockRequest[];
  facts: unknown;
}

const preparedField = (index: number) => `prepared:${index}`;
export const preparedIn = (run: Run, index: number) => run.note<Prepared>(preparedField(index));

/** Runs it to its end and concludes it. Throws LostJob or HandOver when another worker shall go on. */
export async function runOpcode(scene: Scene): Promise<Outcome> {
  const { engine, run, index, stops, journal } = scene;
  for (;;) {
    const holds: Hold[] = [];
    try {
      const prepared = preparedIn(run, index);
      const outcome = await (prepared === undefined ? begin(scene, holds) : resume(scene, prepared, holds));
      await scene.conclude(outcome);
      return outcome;
    } catch (error) {
      if (!(error instanceof LocksLost)) throw error;
      journal.log('the session with the cluster store was lost, and the locks with it: taking them again');
      await engine.store.connected(stops.leave);
    } finally {
      releaseAll(holds);
    }
  }
}

async function begin(scene: Scene, holds: Hold[]): Promise<Outcome> {
  const { engine, run, stops, journal, index, op, definition } = scene;
  const { OP_ID: _, ...parameters } = op as Opcode & Record<string, never>;
  const hold = async (requests: LockRequest[]) => {
    if (requests.length > 0) holds.push(await takeHold(engine, requests, { ...asker(scene), signal: stops.either }));
  };
  let prepared: Prepared;
  let steps: string[];
  try {
    const locks = await lockResolved(engine, definition.locks(parameters), hold, () => releaseAll(holds));
    const ceph = boundCeph(lookedAtCeph(engine.world.ceph), { signal: stops.either, onStderr: (line) => journal.log(line) });
    const facts = await definition.check({ ...engine.world, ceph }, parameters);
    steps = definition.steps(facts).map(({ name }) => name);
    if (run.spec.dryRun) {
      return { status: 'success', result: { locks: locks.map(({ resource, mode }) => [resource, mode]), facts, steps } };
    }
    const slots = (definition.nodes?.(facts) ?? []).map((node) => slotOn(node, engine.opcodesPerNode));
    await hold(slots);
    stops.either.throwIfAborted();
    for (const { lost } of holds) lost.throwIfAborted();
    prepared = { locks: [...locks, ...slots], facts };
  } catch (error) {
    stops.leave.throwIfAborted();
    if (isLeaving(error)) throw error;
    return error instanceof Cancelled ? CANCELED : failure('OpPrereqError', reported(scene, error));
  }
  await journal.fate(
    { status: 'running', progress: { steps, done: 0, total: steps.length, fraction: null, figures: null } },
    { status: 'running', fields: { [preparedField(index)]: prepared } },
  );
  return await executeSteps(execution(scene, prepared, holds));
}

async function resume(scene: Scene, prepared: Prepared, holds: Hold[]): Promise<Outcome> {
  // Not even a cancelled job stops waiting here: what was begun can only be undone under the locks.
  const signal = scene.stops.leave;
  if (prepared.locks.length > 0) holds.push(await takeHold(scene.engine, prepared.locks, { ...asker(scene), signal }));
  // While it waited, another worker may have taken the job up, and even ended it, without this one hearing of it: the write is refused then.
  await scene.journal.write({});
  return await executeSteps(execution(scene, prepared, holds));
}

/** Takes the locks, and makes sure that the names still mean the same when they are held. */
async function lockResolved(
  engine: EngineParts,
  wishes: LockWish[],
  hold: (requests: LockRequest[]) => Promise<void>,
  release: () => void,
): Promise<LockRequest[]> {
  for (;;) {
    const requests = await resolveWishes(engine.world, wishes);
    await hold(requests);
    if (wishes.length === 0 || isDeepStrictEqual(await resolveWishes(engine.world, wishes), requests)) return requests;
    release();
  }
}

/** Nobody waits for it: when the store is away, what is held goes with the session. */
function releaseAll(holds: Hold[]): void {
  for (const held of holds.splice(0)) void held.release().catch(() => undefined);
}

const asker = ({ run, op, journal }: Scene) => ({ job: run.id, opcode: op.OP_ID, onWait: (text: string) => journal.log(text) });

function execution(scene: Scene, { facts }: Prepared, holds: Hold[]): Execution {
  const world = worldUnder(scene.engine, holds, scene.stops.leave);
  return { ...scene, facts, world, held: holds.map(({ lost }) => lost), report: (error) => reported(scene, error) };
}

/** The public error. What nobody expected, and what lies under it, goes to the log. */
function reported({ engine, run, op }: Scene, error: unknown): ClassifiedError {
  const classified = classify(error);
  const details = { job: run.id, opcode: op.OP_ID, class: classified.errorClass };
  if (classified.cause === undefined) engine.log.info(details, classified.message);
  else engine.log.warn({ ...details, err: classified.cause }, classified.message);
  return classified;
}
