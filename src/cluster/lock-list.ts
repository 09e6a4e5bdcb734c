// Every lock in use with its holders and waiters, and the removal of the queues that nobody is in.
import { readHolder } from './lock-holder.js';
import type { LockHolder } from './lock-holder.js';
import { locksPath, resourceOf } from './lock-order.js';
import { blockersOf, orderQueue } from './lock-queue.js';
import type { LockMode, QueueEntry } from './lock-queue.js';
import type { Store } from './store.js';

export interface ListedLock {
  /** The resource. */
  name: string;
  /** How it is held. */
  mode: LockMode;
  /** Both in order of arrival. */
  holders: LockHolder[];
  waiters: LockHolder[];
}

async function readEntry(store: Store, path: string, { name, mode }: QueueEntry): Promise<LockHolder | undefined> {
  const node = await store.get(`${path}/${name}`);
  return node && readHolder(node.data, mode);
}

async function readQueue(store: Store, segment: string): Promise<ListedLock | undefined> {
  const path = `${locksPath}/${segment}`;
  const queue = orderQueue(await store.children(path));
  const read = await Promise.all(queue.map((entry) => readEntry(store, path, entry)));
  const holders: LockHolder[] = [];
  const waiters: LockHolder[] = [];
  for (const [index, holder] of read.entries()) {
    // Who left since the listing is no longer there to be shown.
    if (holder) (blockersOf(queue, index).length === 0 ? holders : waiters).push(holder);
  }
  const mode = (holders[0] ?? waiters[0])?.mode;
  return mode && { name: resourceOf(segment), mode, holders, waiters };
}

/** All locks that are held or waited for, by name. Each is read at another moment: what it says of two locks need not go together. */
export async function listLocks(store: Store): Promise<ListedLock[]> {
  const segments = await store.children(locksPath);
  const locks = await Promise.all(segments.map((segment) => readQueue(store, segment)));
  return locks.filter((lock) => lock !== undefined).toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** A queue with the names of its entries. */
export interface LockQueue {
  segment: string;
  names: string[];
}

/** Removes the queues that nobody is in: they stay behind when locks are released. Harmless at any time, beside others too. Answers the others. */
export async function sweepLocks(store: Store): Promise<LockQueue[]> {
  const segments = await store.children(locksPath);
  const queues = await Promise.all(
    segments.map(async (segment): Promise<LockQueue[]> => {
      const path = `${locksPath}/${segment}`;
      const names = await store.children(path);
      if (names.length > 0) return [{ segment, names }];
      await store.discard(path);
      return [];
    }),
  );
  return queues.flat();
}
