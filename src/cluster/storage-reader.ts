// The port to what is known of the storage. Reads are answered from memory; Ceph is never asked.
import type { Osd } from '../../schemas/resources/osd.js';
import type { Pool } from '../../schemas/resources/pool.js';
import type { StorageDf, StorageStatus } from '../../schemas/resources/storage-status.js';
import type { Snapshot, Volume } from '../../schemas/resources/volume.js';

/** Both may be left out: then any. */
export interface VolumeFilter {
  pool?: string | undefined;
  volume?: string | undefined;
}

export interface StorageReader {
  /** Undefined before Ceph was heard of for the first time. */
  status(): StorageStatus | undefined;
  /** Undefined before Ceph was heard of for the first time. */
  df(): StorageDf | undefined;
  osds(): Iterable<Osd>;
  osd(id: number): Osd | undefined;
  pools(): Iterable<Pool>;
  pool(name: string): Pool | undefined;
  volumes(filter?: VolumeFilter): Iterable<Volume>;
  volume(pool: string, name: string): Volume | undefined;
  snapshots(filter?: VolumeFilter): Iterable<Snapshot>;
  snapshot(pool: string, volume: string, name: string): Snapshot | undefined;
  /** The UUIDs of the VMs that have this volume as a disk. */
  vmsWith(pool: string, volume: string): ReadonlySet<string>;
  /** When Ceph was last heard of (milliseconds since 1970), never in the future; undefined when it never was. */
  readonly reportedAtMs: number | undefined;
}
