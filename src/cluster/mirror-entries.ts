// What a mirror holds: the values by key, the texts they were parsed from, and who wants to hear of changes.
import { createMirrorIndex } from './mirror-index.js';

interface EntryOptions<T> {
  index?: ((value: T, key: string) => string | undefined) | undefined;
  onError: (error: unknown, key: string) => void;
}

export interface MirrorEntries<T> {
  get(key: string): T | undefined;
  all(): ReadonlyMap<string, T>;
  keysBy(property: string): ReadonlySet<string>;
  /** Of all entries, those that could not be parsed included. */
  keys(): Iterable<string>;
  /** The node's text as it is now, undefined when the node is gone. */
  put(key: string, text: string | undefined): void;
  onChange(listener: (key: string, value: T | undefined) => void): () => void;
}

export function createMirrorEntries<T>(parse: (text: string, key: string) => T, { index, onError }: EntryOptions<T>): MirrorEntries<T> {
  const values = new Map<string, T>();
  // Kept so that a text read again (after a lost session, all are) is neither parsed again nor told as a change.
  const texts = new Map<string, string>();
  const byProperty = createMirrorIndex(index);
  const listeners = new Set<(key: string, value: T | undefined) => void>();

  function parsed(text: string, key: string): T | undefined {
    try {
      return parse(text, key);
    } catch (error) {
      onError(error, key);
      return undefined;
    }
  }

  return {
    get: (key) => values.get(key),
    all: () => values,
    keysBy: byProperty.keys,
    keys: () => texts.keys(),
    put(key, text) {
      if (texts.get(key) === text) return;
      const before = values.get(key);
      const after = text === undefined ? undefined : parsed(text, key);
      if (text === undefined) texts.delete(key);
      else texts.set(key, text);
      if (after === undefined) values.delete(key);
      else values.set(key, after);
      byProperty.replace(key, before, after);
      if (before === undefined && after === undefined) return;
      for (const listener of listeners) listener(key, after);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
