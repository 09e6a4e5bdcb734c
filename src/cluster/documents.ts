// A collection of JSON documents in the store, one node each, and the only ways to change it: each is atomic, and repeatable after a
// lost answer. A document's path is made of its name, so that no name is given twice.
import { isDeepStrictEqual } from 'node:util';
import { ClassifiedError } from '../errors/classified-error.js';
import { decodeSegment, encodeSegment } from './path.js';
import { committed, untilApplied } from './committed.js';
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
  const read = async (key: string) => {
    const node = await store.get(pathOf(key));
    return node && { document: JSON.parse(node.data) as T, version: node.version };
  };
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
    find: async (key) => (await read(key))?.document,
    async get(key) {
      const present = await read(key);
      if (present === undefined) throw unknown(key);
      return present.document;
    },
    keys: async () => (await store.children(root)).map(decodeSegment),
    async create(document, signal) {
      const key = keyOf(document);
      await untilApplied(async () => {
        const present = await read(key);
        if (present?.document.added_by === document.added_by) return true;
        if (present !== undefined) throw taken(key);
        const holder = await holderOf(document);
        return await committed(store, [...holder, { kind: 'create', path: pathOf(key), data: JSON.stringify(document) }], signal);
      });
    },
    async update(key, change, signal) {
      return await untilApplied(async () => {
        const present = await read(key);
        if (present === undefined) throw unknown(key);
        const next = change(present.document);
        if (isDeepStrictEqual(next, present.document)) return next;
        const set: Change = { kind: 'set', path: pathOf(key), data: JSON.stringify(next), version: present.version };
        return (await committed(store, [set], signal)) && next;
      });
    },
    async rename(from, to, change, signal) {
      return await untilApplied(async () => {
        const [present, target] = await Promise.all([read(from), read(to)]);
        if (present === undefined && target !== undefined) return target.document;
        if (present === undefined) throw unknown(from);
        if (target !== undefined) throw taken(to);
        const next = change(present.document);
        const changes: Change[] = [
          { kind: 'create', path: pathOf(to), data: JSON.stringify(next) },
          { kind: 'remove', path: pathOf(from), version: present.version },
        ];
        return (await committed(store, changes, signal)) && next;
      });
    },
    async remove(key, { addedBy, signal } = {}) {
      await untilApplied(async () => {
        const present = await read(key);
        if (present === undefined || (addedBy !== undefined && present.document.added_by !== addedBy)) return true;
        return await committed(store, [{ kind: 'remove', path: pathOf(key), version: present.version }], signal);
      });
    },
    async removeAll(keys, signal) {
      for (let start = 0; start < keys.length; start += AT_ONCE) {
        const batch = keys.slice(start, start + AT_ONCE);
        await untilApplied(async () => {
          const present = await Promise.all(batch.map(async (key) => ({ path: pathOf(key), node: await store.get(pathOf(key)) })));
          const changes = present.flatMap(({ path, node }): Change[] =>
            node === undefined ? [] : [{ kind: 'remove', path, version: node.version }],
          );
          return changes.length === 0 || (await committed(store, changes, signal));
        });
      }
    },
  };
}
