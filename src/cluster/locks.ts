// The locks of a process: ZooKeeper's recipe of ephemeral, numbered entries in one queue a resource. Agents follow their guests under them, and
// one makes a node the primary. Who dies loses them with the session. What belongs to a job is in job-locks.ts, in the same queues.
import { randomUUID } from 'node:crypto';
import type { LockEntry } from './fence.js';
import { writeHolder } from './lock-holder.js';
import { inLockOrder } from './lock-order.js';
import type { OrderedRequest } from './lock-order.js';
import { blockersOf, nameEntry, orderQueue } from './lock-queue.js';
import type { LockMode, QueueEntry } from './lock-queue.js';
import { anyGone, queuePath, unlessAborted, type Blocker } from './lock-waiting.js';
import { SessionExpired } from './store.js';
import type { Store } from './store.js';

export interface LockRequest {
  /** Any text that is not empty, as `vm/<uuid>`. */
  resource: string;
  mode: LockMode;
  /** For mode `slot`: how many may hold at once; 1 if not given. A resource's slots are counted apart from its locks. */
  slots?: number;
}

export interface LockClaim {
  job: number;
  opcode: string;
}

export interface LockWait extends LockClaim {
  signal: AbortSignal;
  /** Told each time the claim waits, with those right before it in the queue, who may be waiting themselves. */
  onWait?: (blockers: Blocker[]) => void;
}

export interface HeldLocks {
  /** Aborted when the session under which they are held has expired or must be taken for expired. */
  readonly lost: AbortSignal;
  /** The entries in the store that stand for them: while all are there at these versions, nobody else has these locks. */
  readonly entries: readonly LockEntry[];
  /** Can be called again. Waits for a suspended session to return. */
  release(): Promise<void>;
}

export interface Locks {
  /**
   * Takes all, one after the other in the global order (lock-order.ts), waiting as long as it takes. Rejects with the signal's reason,
   * or with SessionExpired; what was taken by then is given up. Not reentrant: a second claim of a job queues behind its first.
   */
  acquire(requests: readonly LockRequest[], wait: LockWait): Promise<HeldLocks>;
  /** Takes all, or none and resolves to undefined when any of them is not free now. Rejects as `acquire` does. */
  tryAcquire(requests: readonly LockRequest[], claim: LockClaim & { signal?: AbortSignal }): Promise<HeldLocks | undefined>;
}

/** The paths of a claim's entries, each known once it was made; undefined when it was not. */
type Taken = Promise<string | undefined>[];

/** What an entry has that nobody ever writes again. */
const FIRST_VERSION = 0;

/** A lock that tryAcquire would have to wait for. */
class NotFree extends Error {}

/** `worker` names this process to those who look at the locks. */
export function createLocks(store: Store, { worker }: { worker: string }): Locks {
  /** Those who bar the way of this entry; none when it holds. */
  async function look(request: OrderedRequest, name: string): Promise<QueueEntry[]> {
    const queue = orderQueue(await store.children(queuePath(request)));
    const index = queue.findIndex((entry) => entry.name === name);
    // The entry goes with the session only, or by the hand of an operator who breaks a lock.
    if (index < 0) throw new SessionExpired();
    return blockersOf(queue, index);
  }

  /** Queues up; the entry stands in `taken` from the moment that it may exist. */
  async function enter(request: OrderedRequest, { job, opcode }: LockClaim, taken: Taken): Promise<string> {
    const path = queuePath(request);
    const data = writeHolder({ job, opcode, worker, since: Date.now() / 1000 });
    const name = store.createQueued(path, nameEntry(request.mode, request.slots, randomUUID()), data);
    taken.push(
      name.then(
        (made) => `${path}/${made}`,
        () => undefined,
      ),
    );
    return name;
  }

  async function discard(taken: Taken): Promise<void> {
    const paths = await Promise.all(taken);
    await Promise.all(paths.flatMap((path) => (path === undefined ? [] : [store.discard(path)])));
  }

  /** Calls `take` for one request after the other; when it rejects or the signal aborts, gives everything up. */
  async function takeAll(
    requests: readonly LockRequest[],
    signal: AbortSignal | undefined,
    take: (request: OrderedRequest, taken: Taken, stop: AbortSignal) => Promise<void>,
  ): Promise<HeldLocks> {
    const ordered = inLockOrder(requests);
    const taken: Taken = [];
    const loss = new AbortController();
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal?.reason);
    const stopListening = store.onSession((state) => {
      if (state !== 'expired') return;
      loss.abort(new SessionExpired());
      stop.abort(loss.signal.reason);
    });
    let released: Promise<void> | undefined;
    function release(): Promise<void> {
      stopListening();
      released ??= discard(taken);
      return released;
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      signal?.throwIfAborted();
      for (const request of ordered) await unlessAborted(take(request, taken, stop.signal), stop.signal);
    } catch (error) {
      const given = release();
      if (error instanceof NotFree) await given;
      // Else not awaited: it waits for the connection, and whoever aborts does not. It fails only when the store is closed.
      else given.catch(() => {});
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    // All have been made: each take has heard its entry's name.
    const entries = (await Promise.all(taken)).flatMap((path) => (path === undefined ? [] : [{ path, version: FIRST_VERSION }]));
    return { lost: loss.signal, entries, release };
  }

  return {
    acquire: (requests, { signal, onWait, ...claim }) =>
      takeAll(requests, signal, async (request, taken, stop) => {
        const name = await enter(request, claim, taken);
        for (;;) {
          const blockers = await look(request, name);
          if (blockers.length === 0) return;
          await anyGone(store, request, blockers, (present) => {
            if (!stop.aborted) onWait?.(present);
          });
        }
      }),
    async tryAcquire(requests, { signal, ...claim }) {
      try {
        return await takeAll(requests, signal, async (request, taken) => {
          const blockers = await look(request, await enter(request, claim, taken));
          if (blockers.length > 0) throw new NotFree();
        });
      } catch (error) {
        if (error instanceof NotFree) return undefined;
        throw error;
      }
    },
  };
}
