// The locks of jobs. An entry belongs to an opcode of a job and not to a session: it keeps its place over the death of the worker that made
// it, and whoever takes the job up adopts it by writing it anew. Its version then shuts the earlier runner out of all that is done in the
// lock's name. Uncontended, a lock costs a creation and a listing, and its release a removal.
import { compareAndSet } from './compare-and-set.js';
import { LocksLost, type LockEntry } from './fence.js';
import { epochIn, writeHolder } from './lock-holder.js';
import { inLockOrder, locksPath, type OrderedRequest } from './lock-order.js';
import { blockersOf, nameEntry, orderQueue, ownerId, ownerOf, type EntryOwner, type QueueEntry } from './lock-queue.js';
import { anyGone, queuePath, readBlockers, unlessAborted, type Blocker } from './lock-waiting.js';
import type { LockRequest } from './locks.js';
import { shareRounds } from './shared-round.js';
import { ConnectionLost, SessionExpired, StoreConflict, type Store, type Versioned } from './store.js';

/** The opcode for which locks are taken, and its present runner. */
export interface JobClaim extends EntryOwner {
  /** Which take-up of the job this is. */
  epoch: number;
  opcode: string;
}

/** An entry that waits for its turn. */
export interface Place {
  resource: string;
  segment: string;
  name: string;
}

export interface TakenLocks {
  /** Those that are held, and last the one that waits if there is one. */
  entries: readonly LockEntry[];
  /** Absent: all are held. */
  waits?: { place: Place; blockers: Blocker[] };
}

export interface JobLocks {
  /**
   * Takes one after the other in the global order (lock-order.ts), up to the first that has to be waited for; what an earlier runner has of
   * them is adopted. Rejects with LocksLost when a later runner has adopted an entry.
   */
  take(requests: readonly LockRequest[], claim: JobClaim): Promise<TakenLocks>;
  /** Adopts what an earlier runner holds, all of these. Rejects with LocksLost when an entry is missing, or a later runner has it. */
  adopt(requests: readonly LockRequest[], claim: JobClaim): Promise<readonly LockEntry[]>;
  /** Resolves when the entry at this place may hold, or is gone. Rejects with the signal's reason. */
  untilFirst(place: Place, signal: AbortSignal): Promise<void>;
  /** Removes the entries as far as they have these versions still; what a later runner has adopted stays. */
  release(entries: readonly LockEntry[]): Promise<void>;
  /**
   * Removes what the opcode still has apart from these entries: in the queues of these requests, or in any when it is not known where its
   * earlier runner had queued up. What a later runner has adopted stays.
   */
  releaseStrays(claim: JobClaim, apartFrom: readonly LockEntry[], among?: readonly LockRequest[]): Promise<void>;
}

interface Queue {
  path: string;
  names: string[];
}

/** What an entry has that was only made. */
const FIRST_VERSION = 0;

/** `worker` names this process to those who look at the locks. */
export function jobLocks(store: Store, { worker }: { worker: string }): JobLocks {
  const textOf = ({ job, opcode, epoch }: JobClaim) => writeHolder({ job, opcode, worker, since: Date.now() / 1000 }, epoch);

  /** The queue in order, without what earlier opcodes of the same job have left: those have ended, and it goes now. */
  async function lookAt(request: Pick<OrderedRequest, 'segment'>, claim: EntryOwner): Promise<QueueEntry[]> {
    const path = queuePath(request);
    const queue = orderQueue(await store.children(path));
    const isLeft = ({ name }: QueueEntry) => {
      const owner = ownerOf(name);
      return owner !== undefined && owner.job === claim.job && owner.born === claim.born && owner.op < claim.op;
    };
    const left = queue.filter(isLeft);
    if (left.length === 0) return queue;
    await Promise.all(left.map(({ name }) => store.discard(`${path}/${name}`)));
    return queue.filter((entry) => !isLeft(entry));
  }

  const ownIn = (queue: readonly QueueEntry[], request: OrderedRequest, claim: EntryOwner): QueueEntry | undefined => {
    const beginning = nameEntry(request.mode, request.slots, ownerId(claim));
    return queue.find(({ name }) => name.startsWith(beginning));
  };

  /** Makes the entry this runner's. */
  async function adoptEntry(path: string, claim: JobClaim): Promise<LockEntry> {
    return await compareAndSet(store, async () => {
      const present = await store.get(path);
      if (present === undefined || epochIn(present.data) > claim.epoch) throw new LocksLost();
      const { data, version } = present;
      if (epochIn(data) === claim.epoch) return { changes: [], result: { path, version } };
      return { changes: [{ kind: 'set', path, data: textOf(claim), version }], result: { path, version: version + 1 } };
    });
  }

  async function enter(request: OrderedRequest, claim: JobClaim): Promise<{ name: string; entry: LockEntry }> {
    const path = queuePath(request);
    // Only a job that was claimed before can have an entry already.
    const known = claim.epoch > 1 ? ownIn(await lookAt(request, claim), request, claim) : undefined;
    if (known !== undefined) return { name: known.name, entry: await adoptEntry(`${path}/${known.name}`, claim) };
    const name = await store.createQueued(path, nameEntry(request.mode, request.slots, ownerId(claim)), textOf(claim), { kept: true });
    return { name, entry: { path: `${path}/${name}`, version: FIRST_VERSION } };
  }

  /** Those who bar the way of the entry; undefined when it is gone, by the hand of an operator or of a later runner. */
  async function barring(request: Pick<OrderedRequest, 'segment'>, name: string, claim: EntryOwner): Promise<QueueEntry[] | undefined> {
    const queue = await lookAt(request, claim);
    const index = queue.findIndex((entry) => entry.name === name);
    return index < 0 ? undefined : blockersOf(queue, index);
  }

  /** Removes the entry unless it has another version by then. */
  const removeAt = async (path: string, isOurs: (present: Versioned) => boolean): Promise<void> =>
    await compareAndSet(store, async () => {
      const present = await store.get(path);
      if (present === undefined || !isOurs(present)) return { changes: [], result: undefined };
      return { changes: [{ kind: 'remove', path, version: present.version }], result: undefined };
    });
  /** Without a look first: it mostly is as it was left. */
  const removeAsHeld = async ({ path, version }: LockEntry): Promise<void> => {
    try {
      await store.commit([{ kind: 'remove', path, version }]);
    } catch (error) {
      if (error instanceof StoreConflict) return;
      if (!(error instanceof ConnectionLost || error instanceof SessionExpired)) throw error;
      await removeAt(path, (present) => present.version === version);
    }
  };

  const queueOf = async (request: Pick<OrderedRequest, 'segment'>): Promise<Queue> => {
    const path = queuePath(request);
    return { path, names: await store.children(path) };
  };
  // When a worker dies with many jobs, all who take them up want to see every queue: one look serves those who come meanwhile.
  const everyQueue = shareRounds(async () => {
    const segments = await store.children(locksPath);
    return await Promise.all(segments.map((segment) => queueOf({ segment })));
  });

  return {
    async take(requests, claim) {
      const entries: LockEntry[] = [];
      for (const request of inLockOrder(requests)) {
        const { name, entry } = await enter(request, claim);
        entries.push(entry);
        const blockers = await barring(request, name, claim);
        if (blockers === undefined) throw new LocksLost();
        if (blockers.length === 0) continue;
        const present = await readBlockers(store, request, blockers);
        return { entries, waits: { place: { ...request, name }, blockers: present } };
      }
      return { entries };
    },
    async adopt(requests, claim) {
      const adoptOne = async (request: OrderedRequest) => {
        const own = ownIn(await lookAt(request, claim), request, claim);
        if (own === undefined) throw new LocksLost();
        return await adoptEntry(`${queuePath(request)}/${own.name}`, claim);
      };
      return await Promise.all(inLockOrder(requests).map(adoptOne));
    },
    async untilFirst({ resource, segment, name }, signal) {
      const owner = ownerOf(name);
      if (owner === undefined) throw new Error(`${name} is no entry of a job`);
      for (;;) {
        const blockers = await unlessAborted(barring({ segment }, name, owner), signal);
        if (blockers === undefined || blockers.length === 0) return;
        await unlessAborted(anyGone(store, { resource, segment }, blockers), signal);
      }
    },
    async release(entries) {
      await Promise.all(entries.map(removeAsHeld));
    },
    async releaseStrays(claim, apartFrom, among) {
      const kept = new Set(apartFrom.map(({ path }) => path));
      const queues = among === undefined ? await everyQueue() : await Promise.all(inLockOrder(among).map(queueOf));
      const sign = `-${ownerId(claim)}-`;
      const strays = queues.flatMap(({ path, names }) => names.filter((name) => name.includes(sign)).map((name) => `${path}/${name}`));
      await Promise.all(strays.filter((path) => !kept.has(path)).map((path) => removeAt(path, ({ data }) => epochIn(data) <= claim.epoch)));
    },
  };
}
