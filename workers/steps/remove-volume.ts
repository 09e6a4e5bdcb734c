// Removing what holds data. Nothing brings it back, so each of these is one step that can be repeated to its end, and its undo only makes
// the cluster know what is left: what is gone in Ceph is forgotten, what is there stays known.
import { specOf, volumeSpec, withoutSnapshot } from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { SnapshotFacts, SnapshotName, VolumeName } from '../drivers/ceph.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';
import { assertUnwatched, awaitUnwatched } from './await-unwatched.js';
import { markAnyway, markUnused, thenUnmark, unmark } from './storage-users.js';

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

/** Throws wrong_state for a snapshot that Ceph would not remove. */
export function assertUnprotected(snapshot: SnapshotFacts): void {
  if (snapshot.protected) throw new ClassifiedError('wrong_state', `snapshot "${specOf(snapshot)}" is protected`);
}

const anotherOne = (name: VolumeName | SnapshotName) =>
  new ClassifiedError('wrong_state', `"${specOf(name)}" is another one by now: it is not removed`);

/** What is removed: `id` is Ceph's. `of`: the UUID of the VM that it goes with, which still has it. */
export interface Removal extends VolumeName {
  id: string;
  of?: string;
}

/** Removes the snapshots, the volume, and what the cluster knows of it. No snapshot goes before it is sure that all of it can. */
export const removeVolume = ({ id, of, ...name }: Removal): Step => {
  const part = specOf(name);
  return step(`remove-volume:${part}`, `remove volume ${part}`, {
    run: async (context) => {
      const { world } = context;
      const ceph = world.ceph();
      await markUnused(context, part, 'removed', of);
      const there = await ceph.volume(name);
      if (there !== undefined) {
        if (there.id !== id) throw anotherOne(name);
        await awaitUnwatched(context, name);
        await assertUnwatched(world, name);
        const snapshots = await ceph.snapshots(name);
        snapshots.forEach(assertUnprotected);
        for (const snapshot of snapshots) await ceph.removeSnapshot(snapshot);
      }
      await ceph.removeVolume(name);
      await forgetVolume(context, name);
      await unmark(context, part);
    },
    undo: thenUnmark(part, async (context) => {
      const ceph = context.world.ceph();
      if ((await ceph.volume(name)) === undefined) return await forgetVolume(context, name);
      const left = await ceph.snapshots(name);
      await forgetSnapshotsBut(context, name, new Set(left.map(({ snapshot }) => snapshot)));
    }),
  });
};

/** Removes the snapshot, and what the cluster knows of it. `id` is Ceph's. */
export const removeSnapshot = (name: SnapshotName, id: number): Step => {
  const part = specOf(name);
  const spec = volumeSpec(name.pool, name.volume);
  const forget = async ({ world, signal }: StepContext): Promise<void> =>
    void (await world.storage.volumes.update(spec, (document) => withoutSnapshot(document, name.snapshot), signal));
  const seen = async ({ world }: StepContext) => (await world.ceph().snapshots(name)).find(({ snapshot }) => snapshot === name.snapshot);
  return step('remove-snapshot', `remove snapshot ${part}`, {
    run: async (context) => {
      await markUnused(context, part, 'removed');
      const there = await seen(context);
      if (there !== undefined && there.id !== id) throw anotherOne(name);
      await context.world.ceph().removeSnapshot(name);
      await forget(context);
      await unmark(context, part);
    },
    undo: thenUnmark(part, async (context) => {
      if ((await seen(context)) === undefined) await forget(context);
    }),
  });
};

/** Removes the pool with all that is in it, and what the cluster knows of both. With `force` also when VMs have disks in it. */
export const removePool = (pool: string, force: boolean): Step =>
  step('remove-pool', `remove pool ${pool}`, {
    run: async (context) => {
      const { world, signal } = context;
      await (force ? markAnyway : markUnused)(context, pool, 'removed');
      await world.ceph().removePool(pool);
      await world.storage.removePool(pool, signal);
      await unmark(context, pool);
    },
    undo: thenUnmark(pool, async ({ world, signal }) => {
      const left = await world.ceph().pools();
      if (!left.some(({ name }) => name === pool)) await world.storage.removePool(pool, signal);
    }),
  });
