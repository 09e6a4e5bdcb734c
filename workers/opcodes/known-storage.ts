// What the checks of the storage's opcodes prove: that the cluster and Ceph agree on what there is, that nobody is disturbed, that it fits.
import {
  snapshotOf,
  specOf,
  volumeSpec,
  type PoolDocument,
  type SnapshotDocument,
  type VolumeDocument,
} from '../../src/cluster/storage-documents.js';
import { describePart } from '../../src/cluster/storage-users.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { PoolSighting, SnapshotFacts, SnapshotName, VolumeFacts, VolumeName } from '../drivers/ceph.js';
import type { World } from '../engine/world.js';

/** What the cluster knows of a thing, and what Ceph has of it. */
interface Known<Document, Sighting> {
  document: Document;
  sighting: Sighting;
}

const REMEDY = 'OP_STORAGE_VERIFY shows and settles this';

/** Throws unknown_entity when either is missing. */
function agreed<D, S>(what: string, document: D | undefined, sighting: S | undefined): Known<D, S> {
  if (document !== undefined && sighting !== undefined) return { document, sighting };
  if (document === undefined && sighting === undefined) throw new ClassifiedError('unknown_entity', `${what} does not exist`);
  const who = document === undefined ? 'is in Ceph, but not known to the cluster' : 'is known to the cluster, but not in Ceph';
  throw new ClassifiedError('unknown_entity', `${what} ${who}; ${REMEDY}`);
}

/** Throws already_exists when either is there. */
function assertNew(what: string, document: object | undefined, sighting: object | undefined): void {
  if (document === undefined && sighting === undefined) return;
  if (document !== undefined && sighting !== undefined) throw new ClassifiedError('already_exists', `${what} exists already`);
  const where =
    document === undefined ? 'is in Ceph already, but not known to the cluster' : 'is known to the cluster already, but not in Ceph';
  throw new ClassifiedError('already_exists', `${what} ${where}; ${REMEDY}`);
}

const volumeText = ({ pool, volume }: VolumeName) => describePart(specOf({ pool, volume }));
const snapshotText = (name: SnapshotName) => describePart(specOf(name));

/** A pool that Ceph has and that is made for RBD; one that is half made is none yet. */
async function seePool({ ceph }: World, name: string): Promise<PoolSighting | undefined> {
  return (await ceph().pools()).find((pool) => pool.name === name && pool.applications.length > 0);
}

export async function knownPool(world: World, name: string): Promise<Known<PoolDocument, PoolSighting>> {
  const document = await world.storage.pools.find(name);
  return agreed(describePart(name), document, await seePool(world, name));
}

export async function assertNewPool(world: World, name: string): Promise<void> {
  const document = await world.storage.pools.find(name);
  assertNew(describePart(name), document, await seePool(world, name));
}

/** Throws wrong_state when they are two that only share the name. */
export async function knownVolume(world: World, name: VolumeName): Promise<Known<VolumeDocument, VolumeFacts>> {
  const document = await world.storage.volumes.find(volumeSpec(name.pool, name.volume));
  // Without its pool there is no asking for it.
  if (document === undefined && (await world.storage.pools.find(name.pool)) === undefined) await knownPool(world, name.pool);
  const known = agreed(volumeText(name), document, await world.ceph().volume(name));
  if (known.document.id === known.sighting.id) return known;
  throw new ClassifiedError('wrong_state', `${volumeText(name)} is another one in Ceph than the cluster knows; ${REMEDY}`);
}

/** In a pool that is known. */
export async function assertNewVolume(world: World, name: VolumeName): Promise<void> {
  const document = await world.storage.volumes.find(volumeSpec(name.pool, name.volume));
  assertNew(volumeText(name), document, await world.ceph().volume(name));
}

const seeSnapshot = async ({ ceph }: World, name: SnapshotName) =>
  (await ceph().snapshots(name)).find(({ snapshot }) => snapshot === name.snapshot);

/** Of a volume that is known. */
export async function knownSnapshot(world: World, name: SnapshotName): Promise<Known<SnapshotDocument, SnapshotFacts>> {
  const { document: volume } = await knownVolume(world, name);
  const document = volume.snapshots.find((snapshot) => snapshot.name === name.snapshot);
  const sighting = await seeSnapshot(world, name);
  // The texts for what neither has are all the same.
  if (document === undefined && sighting === undefined) snapshotOf(volume, name.snapshot);
  return agreed(snapshotText(name), document, sighting);
}

/** Of a volume that is known. */
export async function assertNewSnapshot(world: World, name: SnapshotName): Promise<void> {
  const { document: volume } = await knownVolume(world, name);
  const document = volume.snapshots.find((snapshot) => snapshot.name === name.snapshot);
  assertNew(snapshotText(name), document, await seeSnapshot(world, name));
}

/** Volumes take space as they are written to; what could never be written in full is not made. */
export function assertFits({ name, freeBytes }: PoolSighting, neededBytes: number): void {
  if (neededBytes <= freeBytes) return;
  throw new ClassifiedError('insufficient_resources', `pool "${name}" has ${freeBytes} bytes free, and ${neededBytes} are needed`);
}
