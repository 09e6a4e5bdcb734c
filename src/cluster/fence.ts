// Before something is done in a lock's name that the store does not see: whether the lock is still held. Asked where it is done, and at the
// last moment, so that whoever lost the lock without knowing can do no harm.
import { ClassifiedError } from '../errors/classified-error.js';
import { ConnectionLost, StoreConflict, type Store } from './store.js';
import { whileConnected } from './while-connected.js';

/** What an entry that nobody ever writes again has. */
const FIRST_VERSION = 0;

/**
 * Resolves when all these entries of locks exist, as HeldLocks names them. environment_error: one is gone, so the lock may be another's.
 * While this process has no session with the store it waits for one, until the signal aborts, and throws its reason.
 */
export async function assertHeld(store: Store, entries: readonly string[], signal: AbortSignal): Promise<void> {
  for (;;) {
    await store.connected(signal);
    signal.throwIfAborted();
    if (entries.length === 0) return;
    try {
      // A commit that changes nothing, not a read: a server of the ensemble may answer reads from before the entry went.
      await whileConnected(store, () => store.commit(entries.map((path) => ({ kind: 'check', path, version: FIRST_VERSION }))));
      return;
    } catch (error) {
      if (error instanceof StoreConflict) {
        throw new ClassifiedError('environment_error', 'the locks in whose name this was asked for are gone: it was not done');
      }
      // The session was suspended meanwhile: asked once more when it is back.
      if (!(error instanceof ConnectionLost || error instanceof ClassifiedError)) throw error;
    }
  }
}
