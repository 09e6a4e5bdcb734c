// Steps that take and rename snapshots, in Ceph and in what the cluster keeps of their volume.
import {
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

const specOf = ({ pool, volume }: SnapshotName) => volumeSpec(pool, volume);
const written = (name: SnapshotName) => `${specOf(name)}@${name.snapshot}`;

const seen = async ({ world }: StepContext, name: SnapshotName): Promise<SnapshotFacts | undefined> =>
  (await world.ceph().snapshots(name)).find(({ snapshot }) => snapshot === name.snapshot);

const change = async ({ world, signal }: StepContext, name: SnapshotName, to: (document: VolumeDocument) => VolumeDocument) =>
  void (await world.storage.volumes.update(specOf(name), to, signal));

/** The check has seen, under the volume's lock, that there was none: one that is there when it is repeated is its own. */
export const takeSnapshot = (name: SnapshotName): Step =>
  step('take-snapshot', `take snapshot ${written(name)}`, {
    run: async (context) => {
      if ((await seen(context, name)) === undefined) await context.world.ceph().createSnapshot(name);
    },
    undo: async ({ world }) => await world.ceph().removeSnapshot(name),
  });

export const addSnapshot = (name: SnapshotName): Step =>
  step('add-snapshot', `add snapshot ${written(name)} to the cluster`, {
    run: async (context) => {
      const facts = await seen(context, name);
      if (facts === undefined) throw new ClassifiedError('environment_error', `snapshot "${written(name)}" is not in Ceph any more`);
      await change(context, name, (document) => withSnapshot(document, snapshotRecord(facts, context.job)));
    },
    undo: async (context) => await change(context, name, (document) => withoutSnapshot(document, name.snapshot, context.job)),
  });

/** `id` is Ceph's: by it the snapshot is known under both names. */
export const renameSnapshot = (name: SnapshotName, newName: string, id: number): Step => {
  const renamed = { ...name, snapshot: newName };
  return step('rename-snapshot', `rename snapshot ${written(name)} to ${newName}`, {
    run: async ({ world }) => await world.ceph().renameSnapshot(name, newName),
    undo: async (context) => {
      if ((await seen(context, renamed))?.id === id) await context.world.ceph().renameSnapshot(renamed, name.snapshot);
    },
  });
};

export const recordSnapshotName = (name: SnapshotName, newName: string): Step =>
  step('record-snapshot-name', `record the name ${written({ ...name, snapshot: newName })}`, {
    run: async (context) => await change(context, name, (document) => withSnapshotRenamed(document, name.snapshot, newName)),
    undo: async (context) =>
      await change(context, name, (document) =>
        document.snapshots.some((snapshot) => snapshot.name === newName) ? withSnapshotRenamed(document, newName, name.snapshot) : document,
      ),
  });
