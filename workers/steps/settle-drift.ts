// The step that makes the cluster know what Ceph has, where the two did not agree.
import { isDeepStrictEqual } from 'node:util';
import type { Added, Documents } from '../../src/cluster/documents.js';
import type { OsdDocument, PoolDocument, VolumeDocument } from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';

/** A document before and after; null: there is none. */
export interface DocumentChange {
  collection: 'osds' | 'pools' | 'volumes';
  key: string;
  before: Kept | null;
  after: Kept | null;
}

type Kept = OsdDocument | PoolDocument | VolumeDocument;

/** Who has added what the cluster does not know: it becomes the job that adopts it. */
export const NOBODY = 0;

/** In this order, and undone in the opposite one: a volume needs its pool. */
export const settleDrift = (changes: readonly DocumentChange[]): Step =>
  step('settle-drift', `settle ${changes.length} ${changes.length === 1 ? 'difference' : 'differences'}`, {
    run: async (context) => {
      for (const [index, change] of changes.entries()) {
        await apply(context, change, refuse);
        context.progress((index + 1) / changes.length);
      }
    },
    undo: async (context) => {
      for (const { before, after, ...which } of changes.toReversed()) {
        await apply(context, { ...which, before: after, after: before }, () => undefined);
      }
    },
  });

/** What is done about a value that is neither as it was judged nor as it shall be. */
type OnOther = (key: string, name: string) => void;

const refuse: OnOther = (key, name) => {
  throw new ClassifiedError('wrong_state', `"${key}" has changed since it was compared: ${name}`);
};

async function apply(
  { world, job, signal }: StepContext,
  { collection, key, before, after }: DocumentChange,
  onOther: OnOther,
): Promise<void> {
  // The collections hold different documents; each change holds one of its own collection.
  const documents = world.storage[collection] as unknown as Documents<Added>;
  // What a job that could not end has marked came to be or went past rapid.
  if (before === null || after === null) await world.storage.users.unmark(key, { signal });
  if (before === null) {
    if (after !== null) await documents.create(addedBy(job, after), signal);
  } else if (after === null) {
    await documents.remove(key, { addedBy: addedBy(job, before).added_by, signal });
  } else {
    const [from, to] = [addedBy(job, before), addedBy(job, after)];
    await documents.update(key, (present) => merged(present, from, to, (name) => onOther(key, name)), signal);
  }
}

/**
 * The document with what differs between the two others: only what was judged is written, and only where it still is as it was judged. What
 * is so already stays.
 */
function merged<T extends object>(present: T, from: T, to: T, onOther: (name: string) => void): T {
  const next = { ...present };
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)]) as Set<keyof T>) {
    if (isDeepStrictEqual(from[name], to[name]) || isDeepStrictEqual(present[name], to[name])) continue;
    if (isDeepStrictEqual(present[name], from[name])) next[name] = to[name];
    else onOther(String(name));
  }
  return next;
}

/** With the job in place of nobody, in a volume's snapshots too. */
function addedBy<T extends Added>(job: number, document: T & { snapshots?: Added[] }): T {
  const settled = { ...document, added_by: document.added_by === NOBODY ? job : document.added_by };
  return document.snapshots === undefined ? settled : { ...settled, snapshots: document.snapshots.map((each) => addedBy(job, each)) };
}
