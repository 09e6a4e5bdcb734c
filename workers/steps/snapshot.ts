// Steps that take and rename snapshots, in Ceph and in what the cluster keeps of their volume.
import {
  specOf,
  volumeSpec,
  withoutSnapshot,
  withSnapshot,
  withSnapshotRenamed,
  type VolumeDocument,
} from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { SnapshotFacts, SnapshotName } from '../drivers/ceph.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';
import { snapshotRecord } from './storage-records.js';
import { markUnused, thenUnmark, unmark } from './storage-users.js';

const volumeOf = ({ pool, volume }: SnapshotName) => volumeSpec(pool, volume);

const seen = async ({ world }: StepContext, name: SnapshotName): Promise<SnapshotFacts | undefined> =>
  (await world.ceph().snapshots(name)).find(({ snapshot }) => snapshot === name.snapshot);

const change = async ({ world, signal }: StepContext, name: SnapshotName, to: (document: VolumeDocument) => VolumeDocument) =>
  void (await world.storage.volumes.update(volumeOf(name), to, signal));

/** The check has seen, under the volume's lock, that there was none: one that is there when it is repeated is its own. */
export const takeSnapshot = (name: SnapshotName): Step =>
  step('take-snapshot', `take snapshot ${specOf(name)}`, {
    run: async (context) => {
      if ((await seen(context, name)) === undefined) await context.world.ceph().createSnapshot(name);
    },
    undo: async ({ world }) => {
      // This job's own is not in the document any more: one that is there is another's.
      const document = await world.storage.volumes.find(volumeOf(name));
      if (document?.snapshots.some((snapshot) => snapshot.name === name.snapshot) === true) return;
      await world.ceph().removeSnapshot(name);
    },
  });

export const addSnapshot = (name: SnapshotName): Step =>
  step('add-snapshot', `add snapshot ${specOf(name)} to the cluster`, {
    run: async (context) => {
      const facts = await seen(context, name);
      if (facts === undefined) throw new ClassifiedError('environment_error', `snapshot "${specOf(name)}" is not in Ceph any more`);
      // Of a former snapshot of this name, from a job that could not end.
      await context.world.storage.users.unmark(specOf(name), { signal: context.signal });
      await change(context, name, (document) => withSnapshot(document, snapshotRecord(facts, context.job)));
    },
    undo: async (context) => await change(context, name, (document) => withoutSnapshot(document, name.snapshot, context.job)),
  });

/** `id` is Ceph's: by it the snapshot is known under both names. */
export const renameSnapshot = (name: SnapshotName, newName: string, id: number): Step => {
  const renamed = { ...name, snapshot: newName };
  return step('rename-snapshot', `rename snapshot ${specOf(name)} to ${newName}`, {
    run: async (context) => {
      await markUnused(context, specOf(name), 'renamed');
      const there = await seen(context, name);
      if (there !== undefined && there.id !== id) {
        throw new ClassifiedError('wrong_state', `snapshot "${specOf(name)}" is another one by now: it is not renamed`);
      }
      await context.world.ceph().renameSnapshot(name, newName);
    },
    undo: thenUnmark(specOf(name), async (context) => {
      if ((await seen(context, renamed))?.id === id) await context.world.ceph().renameSnapshot(renamed, name.snapshot);
    }),
  });
};

export const recordSnapshotName = (name: SnapshotName, newName: string, id: number): Step => {
  const renamed = { ...name, snapshot: newName };
  return step('record-snapshot-name', `record the name ${specOf(renamed)}`, {
    run: async (context) => {
      await context.world.storage.users.unmark(specOf(renamed), { signal: context.signal });
      await change(context, name, (document) => withSnapshotRenamed(document, name.snapshot, newName));
      await unmark(context, specOf(name));
    },
    undo: async (context) =>
      await change(context, name, (document) =>
        document.snapshots.some((snapshot) => snapshot.name === newName && snapshot.id === id)
          ? withSnapshotRenamed(document, newName, name.snapshot)
          : document,
      ),
  });
};
