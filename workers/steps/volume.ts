// Steps that make and change volumes, in Ceph and in what the cluster keeps. The check has seen, under the volume's lock, what there was:
// so a step that is repeated knows what it has made itself.
import { volumeSpec } from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { SnapshotName, VolumeFacts, VolumeName } from '../drivers/ceph.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';
import { awaitUnwatched } from './await-unwatched.js';
import { volumeRecord } from './storage-records.js';

const written = ({ pool, volume }: VolumeName) => volumeSpec(pool, volume);

/** What was made a moment ago has the size it was made with, and no snapshot. Anything else is somebody else's, who was faster. */
const isFresh = (facts: VolumeFacts, sizeBytes: number) => facts.sizeBytes === sizeBytes && facts.snapshotCount === 0;

async function makeOnce({ world }: StepContext, name: VolumeName, sizeBytes: number, make: () => Promise<void>): Promise<void> {
  const there = await world.ceph().volume(name);
  if (there === undefined) await make();
  else if (!isFresh(there, sizeBytes)) throw new ClassifiedError('already_exists', `volume "${written(name)}" exists already`);
}

async function removeFresh(context: StepContext, name: VolumeName, sizeBytes: number): Promise<void> {
  const ceph = context.world.ceph();
  const there = await ceph.volume(name);
  if (there !== undefined && !isFresh(there, sizeBytes)) return;
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

/** What was cut off is lost, also when it is undone. */
export const resizeVolume = (name: VolumeName, fromBytes: number, toBytes: number): Step => {
  const resize = async (context: StepContext, sizeBytes: number) =>
    await context.world.ceph().resizeVolume(name, sizeBytes, { allowShrink: true });
  return step(`resize-volume:${written(name)}`, `resize volume ${written(name)}`, {
    run: (context) => resize(context, toBytes),
    undo: async (context) => {
      const { sizeBytes } = await seen(context, name);
      await resize(context, fromBytes);
      if (sizeBytes < fromBytes) context.log(`volume "${written(name)}" has its size again, but what was cut off is lost`);
      await recordFacts(context, name);
    },
  });
};

/** `id` is RBD's: by it the volume is known under both names. */
export const renameVolume = (name: VolumeName, newName: string, id: string): Step => {
  const renamed = { ...name, volume: newName };
  return step('rename-volume', `rename volume ${written(name)} to ${newName}`, {
    run: async ({ world }) => await world.ceph().renameVolume(name, newName),
    undo: async ({ world }) => {
      const ceph = world.ceph();
      if ((await ceph.volume(renamed))?.id === id) await ceph.renameVolume(renamed, name.volume);
    },
  });
};

export const recordVolumeName = (name: VolumeName, newName: string, id: string): Step => {
  const renamed = { ...name, volume: newName };
  const rename = async ({ world, signal }: StepContext, from: VolumeName, to: VolumeName) => {
    if ((await world.storage.volumes.find(written(from)))?.id !== id) return;
    await world.storage.volumes.rename(written(from), written(to), (document) => ({ ...document, name: to.volume }), signal);
  };
  return step('record-volume-name', `record the name ${written(renamed)}`, {
    run: (context) => rename(context, name, renamed),
    undo: (context) => rename(context, renamed, name),
  });
};

/**
 * What is rolled back, and half rolled back too, cannot be undone. A process that died while doing it is seen as a client of the volume for
 * half a minute more.
 */
export const rollBack = (name: SnapshotName): Step =>
  step('roll-back', `roll volume ${written(name)} back to ${name.snapshot}`, {
    run: async (context) => {
      await awaitUnwatched(context, name);
      await context.world.ceph().rollbackVolume(name);
      await recordFacts(context, name);
    },
    undo: async (context) => {
      await recordFacts(context, name);
      context.log(`volume "${written(name)}" may hold a part of what it held before: roll it back again`);
    },
  });
