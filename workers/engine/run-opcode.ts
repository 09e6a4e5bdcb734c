// Runs one opcode of a job: locks → check → steps → result. What has happened stands in the job's record before the next thing begins,
// so a worker that takes the job up goes on from there, with the same locks.
import { isDeepStrictEqual } from 'node:util';
import { LocksLost, type LockEntry } from '../../src/cluster/fence.js';
import type { JobClaim } from '../../src/cluster/job-locks.js';
import type { Blocker } from '../../src/cluster/lock-waiting.js';
import type { LockRequest } from '../../src/cluster/locks.js';
import { classify, type ClassifiedError } from '../../src/errors/classified-error.js';
import type { Run } from '../../src/jobs/run.js';
import { validated } from '../../src/validation/validate.js';
import { boundCeph, lookedAtCeph } from './bound-ceph.js';
import type { EngineParts } from './engine.js';
import { notJudged, type DryRun, type Judged, type NotJudged } from './dry-run.js';
import { executeSteps, progressOf, type Execution, type Refused } from './execute-steps.js';
import { slotOn, worldUnder } from './hold.js';
import { Cancelled, isLeaving, Parked } from './interruption.js';
import type { Journal } from './journal.js';
import { resolveWishes, type LockWish } from './lock-wish.js';
import type { OpcodeDefinition, Step } from './opcode.js';
import { CANCELED, failure, withRemains, type Outcome } from './outcome.js';
import { preparedField, preparedIn, queuedField, queuedIn, type Prepared } from './prepared.js';
import { assertGoesOn, doneField, planned, positionIn, standing, stepsOf, undoingField } from './step-record.js';
import type { StopSignals } from './stop-signals.js';

/** An opcode of a claimed job, and all that running it needs. */
export interface Scene {
  engine: EngineParts;
  run: Run;
  stops: StopSignals;
  journal: Journal;
  index: number;
  definition: OpcodeDefinition;
  /** How the opcode ends. Called under the locks: a step that is repeated after a crash must not meet what others did since. */
  conclude(outcome: Outcome): Promise<void>;
}

/** Each refusal means that another one got on; who always comes too late is told so. */
const MOST_CHECKS = 20;

/** An opcode with what it holds. */
interface Held {
  scene: Scene;
  claim: JobClaim;
  entries: LockEntry[];
}

/**
 * Runs it to its end and concludes it. Throws Parked when it has to wait for a lock, and LostJob or HandOver when another worker shall go on;
 * its locks stay its own then.
 */
export async function runOpcode(scene: Scene): Promise<Outcome> {
  const { run, index } = scene;
  const held: Held = { scene, claim: claimOf(run, index), entries: [] };
  const outcome = await attempt(held).catch(async (error: unknown) => {
    if (!(error instanceof LocksLost)) throw error;
    // Another runner has them with the job, and the write is refused; or somebody took them away by hand.
    await scene.journal.write({});
    return lockTaken(scene);
  });
  await scene.conclude(outcome);
  release(held);
  return outcome;
}

const claimOf = (run: Run, index: number): JobClaim => ({
  job: run.id,
  op: index,
  born: run.born,
  epoch: run.epoch,
  opcode: run.spec.ops[index]?.OP_ID ?? '',
});

/** Releases what earlier runners have taken for an opcode that has ended without being run here. */
export function releaseAll({ locks, log }: EngineParts, run: Run, index: number): void {
  const released = locks.releaseStrays(claimOf(run, index), [], preparedIn(run, index)?.locks ?? queuedIn(run, index));
  released.catch((error: unknown) => log.debug({ err: error, job: run.id }, 'locks were not released'));
}

/** Checks, and does what was found to be possible; once more from the start while others are quicker in between. */
async function attempt(held: Held): Promise<Outcome> {
  const { run, index, journal, engine } = held.scene;
  for (let checks = 1; ; checks++) {
    const prepared = preparedIn(run, index);
    const ended = await (prepared === undefined ? begin(held) : resume(held, prepared));
    if (!('refused' in ended)) return ended;
    if (checks === MOST_CHECKS) return ended.refused;
    journal.log('what was found possible is not any more: checking once more');
    await journal.write({ fields: { [preparedField(index)]: null, [doneField(index)]: null, [undoingField(index)]: null } });
    await engine.locks.release(held.entries.splice(0));
  }
}

const lockTaken = ({ run, index }: Scene): Outcome => {
  const prepared = preparedIn(run, index);
  const message = 'a lock of the opcode was taken away by hand';
  const failed = failure(prepared === undefined ? 'OpPrereqError' : 'OpExecError', { message, errorClass: 'environment_error' });
  return prepared === undefined ? failed : withRemains(failed, '', standing(prepared.steps, positionIn(run, index)));
};

async function begin(held: Held): Promise<Outcome | Refused> {
  const { scene } = held;
  const { engine, run, stops, journal, index, definition } = scene;
  let prepared: Prepared;
  let steps: Step[];
  try {
    stops.either.throwIfAborted();
    // Admission was another process, maybe of another version.
    const { OP_ID: _, ...given } = run.spec.ops[index] ?? {};
    const parameters = validated(definition.parameters, given);
    const unjudged = run.spec.dryRun ? notJudged(dryRun(scene), index) : undefined;
    if (unjudged !== undefined) return { status: 'success', result: unjudged };
    const locks = await lockResolved(held, definition.locks(parameters));
    // What the job that had the locks before has done must be seen, also where the check reads the cluster as last seen.
    await engine.world.cluster.caughtUp();
    const ceph = boundCeph(lookedAtCeph(engine.world.ceph), { signal: stops.either, onStderr: (line) => journal.log(line) });
    const facts = await definition.check({ ...engine.world, ceph }, parameters);
    steps = stepsOf(definition, facts);
    if (run.spec.dryRun) {
      const judged: Judged = { locks: locks.map(({ resource, mode }) => [resource, mode]), facts, steps: steps.map(({ name }) => name) };
      return { status: 'success', result: notJudged(dryRun(scene), index, judged) ?? judged };
    }
    const slots = (definition.nodes?.(facts) ?? []).map((node) => slotOn(node, engine.opcodesPerNode));
    await take(held, slots, locks);
    await releaseStrays(held, held.entries);
    stops.either.throwIfAborted();
    prepared = { version: definition.version, locks: [...locks, ...slots], facts, steps: planned(steps) };
  } catch (error) {
    stops.leave.throwIfAborted();
    if (isLeaving(error)) throw error;
    return error instanceof Cancelled ? CANCELED : failure('OpPrereqError', reported(scene, error));
  }
  const fate = { status: 'running', progress: progressOf(prepared.steps) } as const;
  const change = { status: 'running', fields: { [preparedField(index)]: prepared } } as const;
  if (canBeginAnew(prepared)) journal.fateSoon(fate, change);
  else await journal.fate(fate, change);
  return await executeSteps(execution(held, prepared, steps, false));
}

/** Whether another runner may as well begin with the check: nothing is done, or one step that nobody's lock covers. */
const canBeginAnew = ({ locks, steps }: Prepared): boolean => steps.length === 0 || (steps.length === 1 && locks.length === 0);

const dryRun = ({ engine, run }: Scene): DryRun => ({
  engine,
  ops: run.spec.ops,
  // Each of them has ended in success.
  resultOf: (earlier) => run.fate(earlier).result as Judged | NotJudged,
});

async function resume(held: Held, prepared: Prepared): Promise<Outcome | Refused> {
  const { scene, claim, entries } = held;
  entries.push(...(await scene.engine.locks.adopt(prepared.locks, claim)));
  const steps = stepsToGoOnWith(scene, prepared);
  if ('status' in steps) return steps;
  // Another worker may have taken the job up meanwhile, and even ended it, without this one hearing of it: the write is refused then.
  if (isDeepStrictEqual(planned(steps), prepared.steps)) await scene.journal.write({});
  else await recordNewPlan(scene, { ...prepared, steps: planned(steps) });
  return await executeSteps(execution(held, prepared, steps, true));
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
async function lockResolved(held: Held, wishes: LockWish[]): Promise<LockRequest[]> {
  const { engine } = held.scene;
  for (;;) {
    const requests = await resolveWishes(engine.world, wishes);
    await take(held, requests, []);
    if (wishes.length === 0 || isDeepStrictEqual(await resolveWishes(engine.world, wishes), requests)) return requests;
    await engine.locks.release(held.entries.splice(0));
  }
}

/** Takes these besides what is held already, under `before`. Throws Parked when one of them has to be waited for. */
async function take(held: Held, requests: LockRequest[], before: LockRequest[]): Promise<void> {
  const { scene, claim, entries } = held;
  const { engine, stops, journal, index } = scene;
  if (requests.length === 0) return;
  await engine.store.connected(stops.either);
  const taken = await engine.locks.take(requests, claim);
  entries.push(...taken.entries);
  stops.either.throwIfAborted();
  if (taken.waits === undefined) return;
  // Who waits holds nothing that comes later in the order; else two jobs could wait for each other.
  await releaseStrays(held, entries);
  journal.log(waitText(taken.waits.blockers));
  await journal.park({ [queuedField(index)]: [...before, ...requests] });
  throw new Parked(taken.waits.place);
}

const waitText = (blockers: Blocker[]) =>
  `waits for ${blockers.map(({ resource, job, opcode }) => `${resource}, asked for by ${job === 0 ? 'an agent' : `job ${job}`} (${opcode}) before`).join('; ')}`;

/**
 * What an earlier runner had queued up for and this one has not: the names mean others now, or the node is another one. A runner that parked
 * the job has written down where; after one that died every queue is looked through.
 */
async function releaseStrays({ scene: { engine, run, index }, claim }: Held, apartFrom: readonly LockEntry[]): Promise<void> {
  if (run.epoch === 1) return;
  await engine.locks.releaseStrays(claim, apartFrom, queuedIn(run, index));
}

/** Nobody waits for it: what is not released because this process dies, the primary frees. */
function release(held: Held): void {
  const { engine, run, index } = held.scene;
  const released = async () => {
    await engine.locks.release(held.entries);
    if (preparedIn(run, index) === undefined) await releaseStrays(held, []);
  };
  released().catch((error: unknown) => engine.log.debug({ err: error, job: run.id }, 'locks were not released'));
}

function execution({ scene, entries }: Held, { facts }: Prepared, steps: readonly Step[], resumed: boolean): Execution {
  const world = worldUnder(scene.engine, entries, scene.stops.leave);
  return { ...scene, facts, steps, resumed, world, report: (error) => reported(scene, error) };
}

/** The public error. What nobody expected, and what lies under it, goes to the log. */
function reported({ engine, run, definition }: Scene, error: unknown): ClassifiedError {
  const classified = classify(error);
  const details = { job: run.id, opcode: definition.id, class: classified.errorClass };
  if (classified.cause === undefined) engine.log.info(details, classified.message);
  else engine.log.warn({ ...details, err: classified.cause }, classified.message);
  return classified;
}
