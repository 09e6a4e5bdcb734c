// What the cluster keeps of its storage: OSDs, pools and volumes, each with the job that made it. A volume's snapshots stand in its
// document, so that they are renamed and removed with it in one change.
import { ClassifiedError } from '../errors/classified-error.js';
import { documents, type Added, type Documents } from './documents.js';
import { encodeSegment } from './path.js';
import { describePart, storageUsers, type StorageUsers } from './storage-users.js';
import type { Store } from './store.js';

export const OSDS = '/osds';
export const POOLS = '/pools';
export const VOLUMES = '/volumes';

export interface OsdDocument extends Added {
  id: number;
  node: string;
  device: string;
  /** The UUID that it was made with. */
  fsid: string;
}

export interface PoolDocument extends Added {
  name: string;
  pgs: number;
  copies: number;
  mincopies: number;
}

export interface SnapshotDocument extends Added {
  name: string;
  /** RBD's own number for it. */
  id: number;
  /** Of the volume when it was taken. */
  size_bytes: number;
  protected: boolean;
  /** As `rbd` writes it; empty where that is not known. */
  created: string;
}

export interface VolumeDocument extends Added {
  pool: string;
  name: string;
  /** RBD's own ID of the image: stays through renames. */
  id: string;
  size_bytes: number;
  objects: number;
  order: number;
  object_size_bytes: number;
  block_name_prefix: string;
  format: number;
  features: string[];
  flags: string[];
  /** As `rbd` writes it; empty where that is not known. */
  created: string;
  /** In the order in which they were taken. */
  snapshots: SnapshotDocument[];
}

/** A pool's and a volume's name hold no `/`, so a spec means one volume. */
export const volumeSpec = (pool: string, volume: string): string => `${pool}/${volume}`;

/** As a VM's disk names it: `vms/web1`, or `vms/web1@daily`. */
export const specOf = ({ pool, volume, snapshot }: { pool: string; volume: string; snapshot?: string }): string =>
  snapshot === undefined ? volumeSpec(pool, volume) : `${volumeSpec(pool, volume)}@${snapshot}`;

export interface StorageDocuments {
  /** By ID as text. */
  osds: Documents<OsdDocument>;
  pools: Documents<PoolDocument>;
  /** By `pool/volume`. A volume is created only in a pool that is there. */
  volumes: Documents<VolumeDocument>;
  /** The VMs that need any of it. */
  users: StorageUsers;
  /** The specs of a pool's volumes, sorted. */
  volumesOf(pool: string): Promise<string[]>;
  /** Forgets a pool and all its volumes: these first, so that a repetition finds what is left. */
  removePool(pool: string, signal?: AbortSignal): Promise<void>;
}

export function storageDocuments(store: Store): StorageDocuments {
  const osds = documents<OsdDocument>(store, { root: OSDS, keyOf: ({ id }) => String(id), describe: (id) => `OSD ${id}` });
  const pools = documents<PoolDocument>(store, { root: POOLS, keyOf: ({ name }) => name, describe: (name) => `pool "${name}"` });
  const volumes = documents<VolumeDocument>(store, {
    root: VOLUMES,
    keyOf: ({ pool, name }) => volumeSpec(pool, name),
    describe: (spec) => `volume "${spec}"`,
    within: ({ pool }) => ({
      path: `${POOLS}/${encodeSegment(pool)}`,
      missing: new ClassifiedError('unknown_entity', `pool "${pool}" does not exist`),
    }),
  });
  const volumesOf = async (pool: string) => (await volumes.keys()).filter((spec) => spec.startsWith(`${pool}/`)).toSorted();
  return {
    osds,
    pools,
    volumes,
    users: storageUsers(store),
    volumesOf,
    async removePool(pool, signal) {
      await volumes.removeAll(await volumesOf(pool), signal);
      await pools.remove(pool, { signal });
    },
  };
}

/** The document with one more snapshot; as it is when the same job has added it. Throws already_exists. */
export function withSnapshot(volume: VolumeDocument, snapshot: SnapshotDocument): VolumeDocument {
  const present = volume.snapshots.find(({ name }) => name === snapshot.name);
  if (present?.added_by === snapshot.added_by) return volume;
  if (present !== undefined) throw snapshotTaken(volume, snapshot.name);
  return { ...volume, snapshots: [...volume.snapshots, snapshot] };
}

/** Fine when there is none. With `addedBy`: leaves what another job added. */
export function withoutSnapshot(volume: VolumeDocument, name: string, addedBy?: number): VolumeDocument {
  const goes = (snapshot: SnapshotDocument) => snapshot.name === name && (addedBy ?? snapshot.added_by) === snapshot.added_by;
  return volume.snapshots.some(goes) ? { ...volume, snapshots: volume.snapshots.filter((snapshot) => !goes(snapshot)) } : volume;
}

/** Fine when the old name is gone and the new one there. Throws unknown_entity, already_exists. */
export function withSnapshotRenamed(volume: VolumeDocument, from: string, to: string): VolumeDocument {
  const names = new Set(volume.snapshots.map(({ name }) => name));
  if (!names.has(from) && names.has(to)) return volume;
  if (names.has(to)) throw snapshotTaken(volume, to);
  if (!names.has(from)) throw unknownSnapshot(volume, from);
  return { ...volume, snapshots: volume.snapshots.map((snapshot) => (snapshot.name === from ? { ...snapshot, name: to } : snapshot)) };
}

/** Throws unknown_entity. */
export function snapshotOf(volume: VolumeDocument, name: string): SnapshotDocument {
  const found = volume.snapshots.find((snapshot) => snapshot.name === name);
  if (found === undefined) throw unknownSnapshot(volume, name);
  return found;
}

const snapshotText = ({ pool, name }: VolumeDocument, snapshot: string) => describePart(specOf({ pool, volume: name, snapshot }));
const unknownSnapshot = (volume: VolumeDocument, name: string) =>
  new ClassifiedError('unknown_entity', `${snapshotText(volume, name)} does not exist`);
const snapshotTaken = (volume: VolumeDocument, name: string) =>
  new ClassifiedError('already_exists', `${snapshotText(volume, name)} exists already`);
