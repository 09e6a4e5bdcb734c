// What is done in a lock's name carries the lock: the entries that stand for it, each at the version that its holder gave it. While all of
// them have these versions nobody else has the lock, and the store refuses what comes with an older one.
import { ClassifiedError } from '../errors/classified-error.js';
import { ConnectionLost, SessionExpired, StoreConflict, type Change, type Store } from './store.js';
import { whileConnected } from './while-connected.js';

/** An entry of a lock as its holder last wrote it. */
export interface LockEntry {
  path: string;
  version: number;
}

/** The locks in whose name something was to be done are not this holder's any more: it was not done. */
export class LocksLost extends Error {
  constructor() {
    super('the locks in whose name this was to be done are gone: it was not done');
  }
}

const checksOf = (entries: readonly LockEntry[]): Change[] => entries.map((entry) => ({ kind: 'check', ...entry }));

/**
 * Resolves when all these entries are there at these versions. environment_error: one is not, so the lock may be another's.
 * While this process has no session with the store it waits for one, until the signal aborts, and throws its reason.
 */
export async function assertHeld(store: Store, entries: readonly LockEntry[], signal: AbortSignal): Promise<void> {
  for (;;) {
    await store.connected(signal);
    signal.throwIfAborted();
    if (entries.length === 0) return;
    try {
      // A commit that changes nothing, not a read: a server of the ensemble may answer reads from before the entry went.
      await whileConnected(store, () => store.commit(checksOf(entries)));
      return;
    } catch (error) {
      if (error instanceof StoreConflict) throw new ClassifiedError('environment_error', new LocksLost().message);
      // The session was suspended meanwhile, or another one has begun: asked once more when it is back.
      if (!(error instanceof ConnectionLost || error instanceof SessionExpired || error instanceof ClassifiedError)) throw error;
    }
  }
}

/**
 * The store for who holds these entries: each commit is applied only while they are all there at these versions, and rejects with LocksLost
 * otherwise. Reads are as ever.
 */
export function fencedStore(store: Store, entries: readonly LockEntry[]): Store {
  if (entries.length === 0) return store;
  const checks = checksOf(entries);
  const paths = new Set(entries.map(({ path }) => path));
  const commit: Store['commit'] = async (changes) => {
    try {
      await store.commit([...checks, ...changes]);
    } catch (error) {
      throw error instanceof StoreConflict && paths.has(error.path) ? new LocksLost() : error;
    }
  };
  return new Proxy(store, { get: (target, name) => (name === 'commit' ? commit : (Reflect.get(target, name) as unknown)) });
}
