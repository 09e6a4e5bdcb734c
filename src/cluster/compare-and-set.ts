// Compare-and-set: read, decide by what was read, commit; and from the start once more when another writer was quicker.
import { isDeepStrictEqual } from 'node:util';
import { ConnectionLost, SessionExpired, StoreConflict, type Change, type Store } from './store.js';

/** What is to be changed, each change at the version that was read, and what is answered when that is done. */
export interface Decision<T> {
  changes: Change[];
  result: T;
}

/**
 * Decides and commits until it is applied, or until there is nothing to change. After a conflict, and after a lost answer, it decides anew.
 * Each repetition means that another writer got on, so it ends. Once the signal has aborted nothing is changed, and its reason is thrown.
 */
export async function compareAndSet<T>(store: Store, decide: () => Promise<Decision<T>>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    const { changes, result } = await decide();
    if (changes.length === 0) return result;
    signal?.throwIfAborted();
    try {
      await store.commit(changes);
      return result;
    } catch (error) {
      if (!isLookedAtAgain(error)) throw error;
    }
  }
}

/** Another writer was quicker, or nobody knows: what was asked for when the connection broke, or in a session that is over. */
const isLookedAtAgain = (error: unknown): boolean =>
  error instanceof StoreConflict || error instanceof ConnectionLost || error instanceof SessionExpired;

/** A value that is kept as JSON, as it was read. */
export interface Present<T> {
  value: T;
  version: number;
}

/** Undefined: there is none. */
export async function readJson<T>(store: Store, path: string): Promise<Present<T> | undefined> {
  const node = await store.get(path);
  return node && { value: JSON.parse(node.data) as T, version: node.version };
}

/** Makes of what is present at the path this value, or nothing of it; no change when it is that already. */
export function changesTo(path: string, present: Present<unknown> | undefined, value: unknown): Change[] {
  if (isDeepStrictEqual(present?.value, value)) return [];
  if (present === undefined) return [{ kind: 'create', path, data: JSON.stringify(value) }];
  const { version } = present;
  return [value === undefined ? { kind: 'remove', path, version } : { kind: 'set', path, data: JSON.stringify(value), version }];
}
