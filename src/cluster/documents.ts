// A collection of JSON documents in the store, one node each, and the only ways to change it: each is atomic, and repeatable after a
// lost answer. A document's path is made of its name, so that no name is given twice.
import { ClassifiedError } from '../errors/classified-error.js';
import { changesTo, compareAndSet, readJson } from './compare-and-set.js';
import { decodeSegment, encodeSegment } from './path.js';
import type { Change, Store } from './store.js';

/** What every document of these collections tells: the job that made it. By that it knows its own again, and removes no other's. */
export interface Added {
  added_by: number;
}

/**
 * What changes a document takes a signal: once it has aborted nothing is changed any more, and its reason is thrown. It is looked at
 * right before each attempt.
 */
export interface Documents<T extends Added> {
  find(key: string): Promise<T | undefined>;
  /** Throws unknown_entity. */
  get(key: string): Promise<T>;
  /** As the store has them now, in no order. */
  keys(): Promise<string[]>;
  /** Fine when the same job has made it. Throws already_exists; unknown_entity when what it belongs into is not there. */
  create(document: T, signal?: AbortSignal): Promise<void>;
  /** Replaces the document by what `change` makes of it; `change` may be called several times, and must not change the key. Throws unknown_entity. */
  update(key: string, change: (document: T) => T, signal?: AbortSignal): Promise<T>;
  /** Makes of the document at `from` one at `to`, in one change; fine when the old one is gone and the new one there. Throws unknown_entity, already_exists. */
  rename(from: string, to: string, change: (document: T) => T, signal?: AbortSignal): Promise<T>;
  /** Fine when there is none. With `addedBy`: leaves what another job made. */
  remove(key: string, options?: { addedBy?: number; signal?: AbortSignal | undefined }): Promise<void>;
  /** Removes all of these that are there, many at a time; fine when some are gone. */
  removeAll(keys: readonly string[], signal?: AbortSignal): Promise<void>;
}

interface CollectionOptions<T> {
  root: string;
  keyOf(document: T): string;
  /** For errors: `volume "vms/web1"`. */
  describe(key: string): string;
  /** What must be there for a document to be created, and the error when it is missing. */
  within?(document: T): { path: string; missing: ClassifiedError };
}

/** How many documents are removed in one change of the store. */
const AT_ONCE = 500;

export function documents<T extends Added>(store: Store, { root, keyOf, describe, within }: CollectionOptions<T>): Documents<T> {
  const pathOf = (key: string) => `${root}/${encodeSegment(key)}`;
  const read = (key: string) => readJson<T>(store, pathOf(key));
  const unknown = (key: string) => new ClassifiedError('unknown_entity', `${describe(key)} does not exist`);
  const taken = (key: string) => new ClassifiedError('already_exists', `${describe(key)} exists already`);

  /** A check that what holds the document is there, and stays until the document is. */
  async function holderOf(document: T): Promise<Change[]> {
    const holder = within?.(document);
    if (holder === undefined) return [];
    const node = await store.get(holder.path);
    if (node === undefined) throw holder.missing;
    return [{ kind: 'check', path: holder.path, version: node.version }];
  }

  return {
    find: async (key) => (await read(key))?.value,
    async get(key) {
      const present = await read(key);
      if (present === undefined) throw unknown(key);
      return present.value;
    },
    keys: async () => (await store.children(root)).map(decodeSegment),
    async create(document, signal) {
      const key = keyOf(document);
      const decide = async () => {
        const present = await read(key);
        if (present?.value.added_by === document.added_by) return { changes: [], result: undefined };
        if (present !== undefined) throw taken(key);
        return { changes: [...(await holderOf(document)), ...changesTo(pathOf(key), undefined, document)], result: undefined };
      };
      await compareAndSet(store, decide, signal);
    },
    async update(key, change, signal) {
      const decide = async () => {
        const present = await read(key);
        if (present === undefined) throw unknown(key);
        const result = change(present.value);
        return { changes: changesTo(pathOf(key), present, result), result };
      };
      return await compareAndSet(store, decide, signal);
    },
    async rename(from, to, change, signal) {
      const decide = async () => {
        const [present, target] = await Promise.all([read(from), read(to)]);
        if (present === undefined && target !== undefined) return { changes: [], result: target.value };
        if (present === undefined) throw unknown(from);
        if (target !== undefined) throw taken(to);
        const result = change(present.value);
        return { changes: [...changesTo(pathOf(to), undefined, result), ...changesTo(pathOf(from), present, undefined)], result };
      };
      return await compareAndSet(store, decide, signal);
    },
    async remove(key, { addedBy, signal } = {}) {
      const decide = async () => {
        const present = await read(key);
        const isMeant = addedBy === undefined || present?.value.added_by === addedBy;
        return { changes: isMeant ? changesTo(pathOf(key), present, undefined) : [], result: undefined };
      };
      await compareAndSet(store, decide, signal);
    },
    async removeAll(keys, signal) {
      for (let start = 0; start < keys.length; start += AT_ONCE) {
        const batch = keys.slice(start, start + AT_ONCE);
        const decide = async () => {
          const present = await Promise.all(batch.map(async (key) => ({ key, found: await read(key) })));
          return { changes: present.flatMap(({ key, found }) => changesTo(pathOf(key), found, undefined)), result: undefined };
        };
        await compareAndSet(store, decide, signal);
      }
    },
  };
}
