// Removing what holds data. Nothing brings it back, so each of these is one step that can be repeated to its end, and its undo only makes
// the cluster know what is left: what is gone in Ceph is forgotten, what is there stays known.
import { volumeSpec, withoutSnapshot } from '../../src/cluster/storage-documents.js';
import type { SnapshotName, VolumeName } from '../drivers/ceph.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';
import { awaitUnwatched } from './await-unwatched.js';

/** Why opcodes of such steps cannot be interrupted. */
export const GONE_FOR_GOOD = 'what is removed cannot be brought back';

const forgetVolume = async ({ world, signal }: StepContext, { pool, volume }: VolumeName): Promise<void> =>
  await world.storage.volumes.remove(volumeSpec(pool, volume), { signal });

async function forgetSnapshotsBut({ world, signal }: StepContext, { pool, volume }: VolumeName, left: ReadonlySet<string>): Promise<void> {
  const spec = volumeSpec(pool, volume);
  if ((await world.storage.volumes.find(spec)) === undefined) return;
  await world.storage.volumes.update(
    spec,
    (document) => ({ ...document, snapshots: document.snapshots.filter(({ name }) => left.has(name)) }),
    signal,
  );
}

/** Removes the snapshots, the volume, and what the cluster knows of it. */
export const removeVolume = (name: VolumeName): Step => {
  const spec = volumeSpec(name.pool, name.volume);
  const isThere = async ({ world }: StepContext) => (await world.ceph().volume(name)) !== undefined;
  return step(`remove-volume:${spec}`, `remove volume ${spec}`, {
    run: async (context) => {
      const ceph = context.world.ceph();
      if (await isThere(context)) {
        await awaitUnwatched(context, name);
        for (const snapshot of await ceph.snapshots(name)) await ceph.removeSnapshot(snapshot);
      }
      await ceph.removeVolume(name);
      await forgetVolume(context, name);
    },
    undo: async (context) => {
      if (!(await isThere(context))) return await forgetVolume(context, name);
      const left = await context.world.ceph().snapshots(name);
      await forgetSnapshotsBut(context, name, new Set(left.map(({ snapshot }) => snapshot)));
    },
  });
};

/** Removes the snapshot, and what the cluster knows of it. */
export const removeSnapshot = (name: SnapshotName): Step => {
  const spec = volumeSpec(name.pool, name.volume);
  const forget = async ({ world, signal }: StepContext): Promise<void> =>
    void (await world.storage.volumes.update(spec, (document) => withoutSnapshot(document, name.snapshot), signal));
  return step('remove-snapshot', `remove snapshot ${spec}@${name.snapshot}`, {
    run: async (context) => {
      await context.world.ceph().removeSnapshot(name);
      await forget(context);
    },
    undo: async (context) => {
      const left = await context.world.ceph().snapshots(name);
      if (!left.some(({ snapshot }) => snapshot === name.snapshot)) await forget(context);
    },
  });
};

/** Removes the pool with all that is in it, and what the cluster knows of both. */
export const removePool = (pool: string): Step =>
  step('remove-pool', `remove pool ${pool}`, {
    run: async ({ world, signal }) => {
      await world.ceph().removePool(pool);
      await world.storage.removePool(pool, signal);
    },
    undo: async ({ world, signal }) => {
      const left = await world.ceph().pools();
      if (!left.some(({ name }) => name === pool)) await world.storage.removePool(pool, signal);
    },
  });
