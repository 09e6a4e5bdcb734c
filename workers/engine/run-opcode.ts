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
import { executeSteps, progressOf, type Execution } from './execute-steps.js';
import { slotOn, takeHold, worldUnder, type Hold } from './hold.js';
import { Cancelled, isLeaving } from './interruption.js';
import type { Journal } from './journal.js';
import { resolveWishes, type LockWish } from './lock-wish.js';
import type { OpcodeDefinition, Step } from './opcode.js';
import { CANCELED, failure, withRemains, type Outcome } from './outcome.js';
import { assertGoesOn, planned, positionIn, standing, stepsOf, type PlannedStep } from './step-record.js';
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
  version: number;
  locks: LockRequest[];
  facts: unknown;
  steps: PlannedStep[];
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
  let steps: Step[];
  try {
    const locks = await lockResolved(engine, definition.locks(parameters), hold, () => releaseAll(holds));
    const ceph = boundCeph(lookedAtCeph(engine.world.ceph), { signal: stops.either, onStderr: (line) => journal.log(line) });
    const facts = await definition.check({ ...engine.world, ceph }, parameters);
    steps = stepsOf(definition, facts);
    if (run.spec.dryRun) {
      const names = steps.map(({ name }) => name);
      return { status: 'success', result: { locks: locks.map(({ resource, mode }) => [resource, mode]), facts, steps: names } };
    }
    const slots = (definition.nodes?.(facts) ?? []).map((node) => slotOn(node, engine.opcodesPerNode));
    await hold(slots);
    stops.either.throwIfAborted();
    for (const { lost } of holds) lost.throwIfAborted();
    prepared = { version: definition.version, locks: [...locks, ...slots], facts, steps: planned(steps) };
  } catch (error) {
    stops.leave.throwIfAborted();
    if (isLeaving(error)) throw error;
    return error instanceof Cancelled ? CANCELED : failure('OpPrereqError', reported(scene, error));
  }
  await journal.fate(
    { status: 'running', progress: progressOf(prepared.steps) },
    { status: 'running', fields: { [preparedField(index)]: prepared } },
  );
  return await executeSteps(execution(scene, prepared, steps, holds, false));
}

async function resume(scene: Scene, prepared: Prepared, holds: Hold[]): Promise<Outcome> {
  // Not even a cancelled job stops waiting here: what was begun can only be undone under the locks.
  const signal = scene.stops.leave;
  if (prepared.locks.length > 0) holds.push(await takeHold(scene.engine, prepared.locks, { ...asker(scene), signal }));
  const steps = stepsToGoOnWith(scene, prepared);
  if ('status' in steps) return steps;
  // While it waited, another worker may have taken the job up, and even ended it, without this one hearing of it: the write is refused then.
  if (isDeepStrictEqual(planned(steps), prepared.steps)) await scene.journal.write({});
  else await recordNewPlan(scene, { ...prepared, steps: planned(steps) });
  return await executeSteps(execution(scene, prepared, steps, holds, true));
}

/** This worker's version has other steps than were planned, after those that were begun. */
async function recordNewPlan({ run, journal, index }: Scene, prepared: Prepared): Promise<void> {
  const progress = { ...progressOf(prepared.steps), done: positionIn(run, index).done.length };
  await journal.fate({ status: 'running', progress }, { fields: { [preparedField(index)]: prepared } });
}

/** The opcode's steps; its end when they do not go on from what is on record. */
function stepsToGoOnWith(scene: Scene, { facts, steps: plan }: Prepared): Step[] | Outcome {
  const position = positionIn(scene.run, scene.index);
  try {
    const steps = stepsOf(scene.definition, facts);
    assertGoesOn(plan, position, steps);
    return steps;
  } catch (error) {
    return withRemains(failure('OpExecError', reported(scene, error)), '', standing(plan, position));
  }
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

function execution(scene: Scene, { facts }: Prepared, steps: readonly Step[], holds: Hold[], resumed: boolean): Execution {
  const world = worldUnder(scene.engine, holds, scene.stops.leave);
  return { ...scene, facts, steps, resumed, world, held: holds.map(({ lost }) => lost), report: (error) => reported(scene, error) };
}

/** The public error. What nobody expected, and what lies under it, goes to the log. */
function reported({ engine, run, op }: Scene, error: unknown): ClassifiedError {
  const classified = classify(error);
  const details = { job: run.id, opcode: op.OP_ID, class: classified.errorClass };
  if (classified.cause === undefined) engine.log.info(details, classified.message);
  else engine.log.warn({ ...details, err: classified.cause }, classified.message);
  return classified;
}
