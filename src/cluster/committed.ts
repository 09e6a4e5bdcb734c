// Compare-and-set: read, decide, and try until it is applied.
import { ConnectionLost, StoreConflict, type Change, type Store } from './store.js';

/**
 * One attempt. False when another writer was quicker, or it can't be known: then one looks again. Once the signal has aborted nothing is
 * changed, and its reason is thrown.
 */
export async function committed(store: Store, changes: Change[], signal?: AbortSignal): Promise<boolean> {
  signal?.throwIfAborted();
  try {
    await store.commit(changes);
    return true;
  } catch (error) {
    if (error instanceof StoreConflict || error instanceof ConnectionLost) return false;
    throw error;
  }
}

/** Repeats an attempt until it is not false. Each repetition means that another writer got on, so it ends. */
export async function untilApplied<T>(attempt: () => Promise<T | false>): Promise<T> {
  for (;;) {
    const result = await attempt();
    if (result !== false) return result;
  }
}
