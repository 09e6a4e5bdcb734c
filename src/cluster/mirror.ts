// An in-memory copy of one collection (the nodes `<path>/<key>`), fed by watches: reads cost nothing but memory.
//
// The keys are listed once a connection; each that is made later is told by name, so that a new one costs the same in a large collection.
// Each key's node is watched. After a lost session everything is read again into the copy that is there, which says meanwhile since when it
// may be out of date; it never shrinks to what has been read so far.
import { defer } from './deferred.js';
import { createMirrorEntries } from './mirror-entries.js';
import { shareRounds } from './shared-round.js';
import { StoreClosed } from './store-closed.js';
import type { Store } from './store.js';

export interface MirrorOptions<T> {
  /** A property to find entries by, for `keysBy`. */
  index?: (value: T, key: string) => string | undefined;
  /** A node that could not be parsed (it is left out until it changes) or read. `key` is undefined for the list of keys. */
  onError?: (error: unknown, key: string | undefined) => void;
}

export interface Mirror<T> {
  get(key: string): T | undefined;
  /** The live map: iterate it at once, don't keep it. */
  all(): ReadonlyMap<string, T>;
  /** The keys of the entries whose indexed property is this; live too. */
  keysBy(property: string): ReadonlySet<string>;
  readonly size: number;
  /** Tells each entry that changed, `undefined` when it is gone; returns the function that stops telling. */
  onChange(listener: (key: string, value: T | undefined) => void): () => void;
  /** Epoch milliseconds since when it may be out of date; undefined while it is kept up to date. */
  readonly staleSince: number | undefined;
  /** Resolves when all that its store has told by now is in it; at once when it is out of date, because everything is read again. */
  caughtUp(): Promise<void>;
  close(): void;
}

/** Resolves when the collection is loaded. `parse` makes a node's text a value; what it throws goes to `onError`. */
export async function mirrorCollection<T>(
  store: Store,
  path: string,
  parse: (text: string, key: string) => T,
  { index, onError = () => {} }: MirrorOptions<T> = {},
): Promise<Mirror<T>> {
  const entries = createMirrorEntries(parse, { index, onError });
  /** By key, the number of the read to be believed: it, and the watch that it left, are void once another stands here. */
  let reads = new Map<string, number>();
  let lastRead = 0;
  /** The last read of each key that has no answer yet. */
  const underWay = new Map<string, Promise<void>>();
  /** The keys that were made while the list is read. */
  let arrivals: Set<string> | undefined;
  let stopFollowing = (): void => {};
  /** Whether the keys were listed since the connection came, and how many reads begun before that have no answer yet. */
  let listed = false;
  let behind = 0;
  let closed = false;
  let staleSince: number | undefined = Date.now();
  const loaded = defer<void>();

  function settle(): void {
    if (closed || behind > 0 || !listed || store.session !== 'connected') return;
    staleSince = undefined;
    loaded.resolve();
  }

  function fail(error: unknown, key?: string): void {
    if (closed) return;
    staleSince ??= Date.now();
    listed = false;
    loaded.reject(error);
    if (!(error instanceof StoreClosed)) onError(error, key);
  }

  function read(key: string): void {
    const done = readNow(key).finally(() => {
      if (underWay.get(key) === done) underWay.delete(key);
    });
    underWay.set(key, done);
  }

  async function readNow(key: string): Promise<void> {
    const number = (lastRead += 1);
    reads.set(key, number);
    // Reads begun later follow changes as they come: waiting for them too, a busy collection would never be up to date.
    const counts = !listed;
    if (counts) behind += 1;
    const isVoid = (): boolean => closed || reads.get(key) !== number;
    try {
      const node = await store.getPresent(`${path}/${key}`, () => {
        if (!isVoid()) read(key);
      });
      // Who waits for this read waits for the one that has taken its place.
      if (isVoid()) return await (reads.has(key) ? underWay.get(key) : undefined);
      if (!node) reads.delete(key);
      entries.put(key, node?.data);
    } catch (error) {
      fail(error, key);
    } finally {
      if (counts) behind -= 1;
      settle();
    }
  }

  function forgetAllBut(names: ReadonlySet<string>): void {
    for (const key of reads.keys()) if (!names.has(key)) reads.delete(key);
    for (const key of entries.keys()) if (!names.has(key)) entries.put(key, undefined);
  }

  function onCreated(key: string): void {
    if (closed) return;
    arrivals?.add(key);
    read(key);
  }

  async function list(): Promise<void> {
    const believed = reads;
    arrivals = new Set();
    try {
      stopFollowing();
      const { names, stop } = await store.followChildren(path, onCreated);
      stopFollowing = stop;
      if (closed) stop();
      if (closed || believed !== reads) return;
      const present = new Set([...names, ...arrivals]);
      forgetAllBut(present);
      for (const key of present) if (!reads.has(key)) read(key);
      listed = true;
      settle();
    } catch (error) {
      fail(error);
    } finally {
      arrivals = undefined;
    }
  }

  let listing: Promise<void> | undefined;
  const listOnce = shareRounds(list);
  function requestList(): void {
    const done = listOnce().finally(() => {
      if (listing === done) listing = undefined;
    });
    listing = done;
  }

  const stopListening = store.onSession((state) => {
    if (state !== 'connected') staleSince ??= Date.now();
    listed = false;
    if (state === 'expired') reads = new Map();
    // Also within a session: an answer to this says that all that was missed meanwhile has been told.
    if (state === 'connected') requestList();
  });

  function close(): void {
    closed = true;
    stopListening();
    stopFollowing();
  }

  try {
    requestList();
    await loaded.promise;
  } catch (error) {
    close();
    throw error;
  }

  return {
    get: entries.get,
    all: entries.all,
    keysBy: entries.keysBy,
    get size() {
      return entries.all().size;
    },
    onChange: entries.onChange,
    get staleSince() {
      return staleSince;
    },
    async caughtUp() {
      await listing;
      if (staleSince === undefined) await Promise.all(underWay.values());
    },
    close,
  };
}
