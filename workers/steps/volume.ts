// Steps that make and change volumes, in Ceph and in what the cluster keeps. The check has seen, under the volume's lock, what there was:
// so a step that is repeated knows what it has made itself.
import { specOf } from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { SnapshotName, VolumeFacts, VolumeName } from '../drivers/ceph.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';
import { awaitUnwatched } from './await-unwatched.js';
import { volumeRecord } from './storage-records.js';
import { markAtRest, markUnused, thenUnmark, unmark } from './storage-users.js';

const written = ({ pool, volume }: VolumeName) => specOf({ pool, volume });
const anotherOne = (what: string) => new ClassifiedError('wrong_state', `${what} is another one by now`);

/** What was made a moment ago has the size it was made with, and no snapshot. Anything else is somebody else's, who was faster. */
const isFresh = (facts: VolumeFacts, sizeBytes: number) => facts.sizeBytes === sizeBytes && facts.snapshotCount === 0;

async function makeOnce({ world }: StepContext, name: VolumeName, sizeBytes: number, make: () => Promise<void>): Promise<void> {
  const there = await world.ceph().volume(name);
  if (there === undefined) await make();
  else if (!isFresh(there, sizeBytes)) throw new ClassifiedError('already_exists', `volume "${written(name)}" exists already`);
}

async function removeFresh(context: StepContext, name: VolumeName, sizeBytes: number): Promise<void> {
  const ceph = context.world.ceph();
  const [there, document] = await Promise.all([ceph.volume(name), context.world.storage.volumes.find(written(name))]);
  // This job's own document is gone by now: one that is there is another's, and so is the volume.
  if (document !== undefined || (there !== undefined && !isFresh(there, sizeBytes))) return;
  if (there !== undefined) await awaitUnwatched(context, name);
  // Also when there is none: an interrupted copy leaves what only this takes away.
  await ceph.removeVolume(name);
}

export const createVolume = (name: VolumeName, sizeBytes: number): Step =>
  step(`create-volume:${written(name)}`, `create volume ${written(name)}`, {
    run: (context) => makeOnce(context, name, sizeBytes, () => context.world.ceph().createVolume(name, sizeBytes)),
    undo: (context) => removeFresh(context, name, sizeBytes),
  });

/** `sizeBytes` is the source's. */
export const copyVolume = (source: VolumeName | SnapshotName, target: VolumeName, sizeBytes: number): Step =>
  step(`copy-volume:${written(target)}`, `copy ${written(source)} to ${written(target)}`, {
    run: (context) => makeOnce(context, target, sizeBytes, () => context.world.ceph().copyVolume(source, target)),
    undo: (context) => removeFresh(context, target, sizeBytes),
  });

async function seen({ world }: StepContext, name: VolumeName): Promise<VolumeFacts> {
  const facts = await world.ceph().volume(name);
  if (facts === undefined) throw new ClassifiedError('environment_error', `volume "${written(name)}" is not in Ceph any more`);
  return facts;
}

/** Its result is the size of the volume in bytes. */
export const addVolume = (name: VolumeName): Step =>
  step(`add-volume:${written(name)}`, `add volume ${written(name)} to the cluster`, {
    run: async (context) => {
      const { world, job, signal } = context;
      const record = volumeRecord(await seen(context, name));
      // Of a former volume of this name, from a job that could not end.
      await world.storage.users.unmark(written(name), { signal });
      await world.storage.volumes.create({ ...record, snapshots: [], added_by: job }, signal);
      return record.size_bytes;
    },
    undo: async ({ world, job, signal }) => await world.storage.volumes.remove(written(name), { addedBy: job, signal }),
  });

/** Writes down what Ceph says of the volume now; its snapshots stay as they stand. Answers its size in bytes. */
async function recordFacts(context: StepContext, name: VolumeName): Promise<number> {
  const record = volumeRecord(await seen(context, name));
  await context.world.storage.volumes.update(written(name), (document) => ({ ...document, ...record }), context.signal);
  return record.size_bytes;
}

/** Its result is the size of the volume in bytes. Undone by the undo of the step before, which records what it has restored. */
export const recordVolume = (name: VolumeName): Step =>
  step(`record-volume:${written(name)}`, `record what volume ${written(name)} is now`, { run: (context) => recordFacts(context, name) });

interface Resizing {
  fromBytes: number;
  toBytes: number;
  /** Whether the request says that it may become smaller. */
  shrink: boolean;
}

/** What was cut off is lost, also when it is undone. */
export const resizeVolume = (name: VolumeName, { fromBytes, toBytes, shrink }: Resizing): Step => {
  const part = written(name);
  const cuts = toBytes < fromBytes;
  return step(`resize-volume:${part}`, `resize volume ${part}`, {
    run: async (context) => {
      const { sizeBytes } = await seen(context, name);
      if (sizeBytes !== fromBytes && sizeBytes !== toBytes) {
        const text = `volume "${part}" has ${sizeBytes} bytes by now, and had ${fromBytes}: it is not resized`;
        throw new ClassifiedError('wrong_state', text);
      }
      if (sizeBytes === fromBytes) {
        if (cuts) await markAtRest(context, part, 'made smaller');
        await context.world.ceph().resizeVolume(name, toBytes, { allowShrink: cuts && shrink });
      }
      if (cuts) await unmark(context, part);
    },
    undo: thenUnmark(part, async (context) => {
      const { sizeBytes } = await seen(context, name);
      if (sizeBytes !== toBytes) return;
      await context.world.ceph().resizeVolume(name, fromBytes, { allowShrink: !cuts });
      if (cuts) context.log(`volume "${part}" has its size again, but what was cut off is lost`);
      await recordFacts(context, name);
    }),
  });
};

/** `id` is RBD's: by it the volume is known under both names. */
export const renameVolume = (name: VolumeName, newName: string, id: string): Step => {
  const renamed = { ...name, volume: newName };
  return step('rename-volume', `rename volume ${written(name)} to ${newName}`, {
    run: async (context) => {
      await markUnused(context, written(name), 'renamed');
      const ceph = context.world.ceph();
      const there = await ceph.volume(name);
      if (there !== undefined && there.id !== id) throw anotherOne(`volume "${written(name)}"`);
      await ceph.renameVolume(name, newName);
    },
    undo: thenUnmark(written(name), async ({ world }) => {
      const ceph = world.ceph();
      if ((await ceph.volume(renamed))?.id === id) await ceph.renameVolume(renamed, name.volume);
    }),
  });
};

export const recordVolumeName = (name: VolumeName, newName: string, id: string): Step => {
  const renamed = { ...name, volume: newName };
  const rename = async ({ world, signal }: StepContext, from: VolumeName, to: VolumeName) => {
    if ((await world.storage.volumes.find(written(from)))?.id !== id) return;
    await world.storage.volumes.rename(written(from), written(to), (document) => ({ ...document, name: to.volume }), signal);
  };
  return step('record-volume-name', `record the name ${written(renamed)}`, {
    run: async (context) => {
      await context.world.storage.users.unmark(written(renamed), { signal: context.signal });
      await rename(context, name, renamed);
      await unmark(context, written(name));
    },
    undo: (context) => rename(context, renamed, name),
  });
};

/**
 * What is rolled back, and half rolled back too, cannot be undone. A process that died while doing it is seen as a client of the volume for
 * half a minute more. `id` is Ceph's of the snapshot.
 */
export const rollBack = (name: SnapshotName, id: number): Step => {
  const part = written(name);
  return step('roll-back', `roll volume ${part} back to ${name.snapshot}`, {
    run: async (context) => {
      const ceph = context.world.ceph();
      await markAtRest(context, part, 'rolled back');
      await awaitUnwatched(context, name);
      const snapshot = (await ceph.snapshots(name)).find((each) => each.snapshot === name.snapshot);
      if (snapshot?.id !== id) throw anotherOne(`snapshot "${specOf(name)}"`);
      await ceph.rollbackVolume(name);
      await recordFacts(context, name);
      await unmark(context, part);
    },
    undo: thenUnmark(part, async (context) => {
      await recordFacts(context, name);
      context.log(`volume "${part}" may hold a part of what it held before: roll it back again`);
    }),
  });
};
