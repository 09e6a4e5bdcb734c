// The step that makes the cluster know what Ceph has, where the two did not agree.
import type { Added, Documents } from '../../src/cluster/documents.js';
import type { OsdDocument, PoolDocument, VolumeDocument } from '../../src/cluster/storage-documents.js';
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
        await apply(context, change);
        context.progress((index + 1) / changes.length);
      }
    },
    undo: async (context) => {
      for (const { before, after, ...which } of changes.toReversed()) await apply(context, { ...which, before: after, after: before });
    },
  });

async function apply({ world, job, signal }: StepContext, { collection, key, before, after }: DocumentChange): Promise<void> {
  // The collections hold different documents; each change holds one of its own collection.
  const documents = world.storage[collection] as unknown as Documents<Added>;
  if (after !== null && before === null) await documents.create(addedBy(job, after), signal);
  else if (after !== null) await documents.update(key, () => addedBy(job, after), signal);
  else if (before !== null) await documents.remove(key, { addedBy: addedBy(job, before).added_by, signal });
}

/** With the job in place of nobody, in a volume's snapshots too. */
function addedBy<T extends Added>(job: number, document: T & { snapshots?: Added[] }): T {
  const settled = { ...document, added_by: document.added_by === NOBODY ? job : document.added_by };
  return document.snapshots === undefined ? settled : { ...settled, snapshots: document.snapshots.map((each) => addedBy(job, each)) };
}
