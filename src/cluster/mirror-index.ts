// A secondary lookup over a mirror's entries, kept with each change: from a property of the value to the keys that have it.

export interface MirrorIndex<T> {
  /** The keys whose value has this property; live, not to be kept. */
  keys(property: string): ReadonlySet<string>;
  /** `undefined` for a value that did not or does not exist. */
  replace(key: string, before: T | undefined, after: T | undefined): void;
}

const none: ReadonlySet<string> = new Set();

/** `property` may say undefined: then the value is not found by it. Without `property` nothing is ever found. */
export function createMirrorIndex<T>(property: (value: T, key: string) => string | undefined = () => undefined): MirrorIndex<T> {
  const sets = new Map<string, Set<string>>();

  function remove(name: string, key: string): void {
    const set = sets.get(name);
    set?.delete(key);
    if (set?.size === 0) sets.delete(name);
  }

  function add(name: string, key: string): void {
    const set = sets.get(name);
    if (set) set.add(key);
    else sets.set(name, new Set([key]));
  }

  return {
    keys: (name) => sets.get(name) ?? none,
    replace(key, before, after) {
      const was = before === undefined ? undefined : property(before, key);
      const is = after === undefined ? undefined : property(after, key);
      if (was === is) return;
      if (was !== undefined) remove(was, key);
      if (is !== undefined) add(is, key);
    },
  };
}
