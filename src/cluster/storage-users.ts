// Which VMs need which part of the storage (a pool, a volume or a snapshot), and which part a job is about to take away or to overwrite.
// A VM's entry at a part is written in the transaction that changes the VM. A job marks the part before it looks for entries: the store
// takes no new entry at a part that is marked, and starts no VM that needs it, so what the job sees after that is all there can be until it
// takes the mark away.
import { ClassifiedError } from '../errors/classified-error.js';
import { changesTo, compareAndSet, readJson } from './compare-and-set.js';
import { encodeSegment } from './path.js';
import type { Change, Store } from './store.js';

export const STORAGE_USERS = '/storage-users';
export const STORAGE_MARKS = '/storage-marks';

export interface StorageMark {
  /** The job that is at it. */
  job: number;
  /** What is done to the part, for people: `removed`, `renamed`. */
  what: string;
}

export interface StorageUsers {
  /** The UUIDs of the VMs that need the part, as the store has them now. */
  of(part: string): Promise<string[]>;
  /**
   * Marks the part for a job that holds its lock exclusively: another job's mark is what that one has left behind. From now on no VM comes
   * to need the part, and none that needs it is started. Once the signal has aborted nothing is changed, and its reason is thrown.
   */
  mark(part: string, mark: StorageMark, signal?: AbortSignal): Promise<void>;
  /** Takes the job's mark away; fine when there is none. Without a job any mark goes: for who has just made the part, under its lock. */
  unmark(part: string, options?: { job?: number; signal?: AbortSignal | undefined }): Promise<void>;
  /** Throws wrong_state when one of the parts is marked now. */
  assertUnmarked(parts: readonly string[]): Promise<void>;
}

const usersPath = (part: string) => `${STORAGE_USERS}/${encodeSegment(part)}`;
const markPath = (part: string) => `${STORAGE_MARKS}/${encodeSegment(part)}`;

/** A part in words: `pool "vms"`, `volume "vms/web1"`, `snapshot "vms/web1@daily"`. */
export function describePart(part: string): string {
  const kind = part.includes('@') ? 'snapshot' : part.includes('/') ? 'volume' : 'pool';
  return `${kind} "${part}"`;
}

export function storageUsers(store: Store): StorageUsers {
  /** The part's mark becomes what `make` makes of it. */
  const change = async (part: string, make: (present: StorageMark | undefined) => StorageMark | undefined, signal?: AbortSignal) => {
    const path = markPath(part);
    const decide = async () => {
      const present = await readJson<StorageMark>(store, path);
      return { changes: changesTo(path, present, make(present?.value)), result: undefined };
    };
    await compareAndSet(store, decide, signal);
  };
  return {
    of: async (part) => await store.children(usersPath(part)),
    mark: async (part, mark, signal) => await change(part, () => mark, signal),
    async unmark(part, { job, signal } = {}) {
      await change(part, (present) => (present === undefined || job === undefined || present.job === job ? undefined : present), signal);
    },
    assertUnmarked: async (parts) => void (await unmarkedParts(store, parts)),
  };
}

/**
 * What a transaction that makes a VM need these parts, or starts it with them, carries, so that the store refuses it when one of them is marked. Throws wrong_state
 * when one is now.
 */
async function unmarkedParts(store: Store, parts: readonly string[]): Promise<Change[]> {
  const changes = await Promise.all(
    parts.map(async (part): Promise<Change[]> => {
      const path = markPath(part);
      const mark = await store.get(path);
      if (mark !== undefined) {
        const { what, job } = JSON.parse(mark.data) as StorageMark;
        throw new ClassifiedError('wrong_state', `${describePart(part)} is being ${what} by job ${job}`);
      }
      // Both apply only where there is no node, and leave none.
      return [
        { kind: 'create', path, data: '' },
        { kind: 'remove', path, version: 0 },
      ];
    }),
  );
  return changes.flat();
}

/**
 * The changes by which the entries of a VM, by UUID, follow what it needs. Throws wrong_state when it would come to need what is marked, or
 * `starts` with it: what is half overwritten is no disk to run on.
 */
export async function entryChanges(
  store: Store,
  uuid: string,
  before: readonly string[],
  after: readonly string[],
  starts: boolean,
): Promise<Change[]> {
  const gained = after.filter((part) => !before.includes(part));
  const lost = before.filter((part) => !after.includes(part));
  const changes = await Promise.all([
    unmarkedParts(store, starts ? after : gained),
    ...gained.map((part) => entering(store, uuid, part)),
    ...lost.map((part) => leaving(store, uuid, part)),
  ]);
  return changes.flat();
}

async function entering(store: Store, uuid: string, part: string): Promise<Change[]> {
  const [above, path] = [usersPath(part), `${usersPath(part)}/${uuid}`];
  const [list, entry] = await Promise.all([store.get(above), store.get(path)]);
  if (entry !== undefined) return [];
  const create = (at: string): Change => ({ kind: 'create', path: at, data: '' });
  return list === undefined ? [create(above), create(path)] : [create(path)];
}

/** The last one takes the list with it; that of a pool stays, as it may be long and is needed again. */
async function leaving(store: Store, uuid: string, part: string): Promise<Change[]> {
  const [above, path] = [usersPath(part), `${usersPath(part)}/${uuid}`];
  const [list, entry] = await Promise.all([store.get(above), store.get(path)]);
  if (list === undefined || entry === undefined) return [];
  const remove = (at: string, version: number): Change => ({ kind: 'remove', path: at, version });
  const isLast = part.includes('/') && (await store.children(above)).every((other) => other === uuid);
  return isLast ? [remove(path, entry.version), remove(above, list.version)] : [remove(path, entry.version)];
}
