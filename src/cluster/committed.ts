// One attempt at a compare-and-set, for those who read, decide and try until it is applied.
import { ConnectionLost, StoreConflict, type Change, type Store } from './store.js';

/** False when another writer was quicker, or it can't be known: then one looks again. */
export async function committed(store: Store, change: Change): Promise<boolean> {
  try {
    await store.commit([change]);
    return true;
  } catch (error) {
    if (error instanceof StoreConflict || error instanceof ConnectionLost) return false;
    throw error;
  }
}
