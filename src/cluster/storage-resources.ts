// The storage's documents and reports in the words of `GET /api/v1/storage/ceph/…`.
import type { Osd, OsdStats } from '../../schemas/resources/osd.js';
import type { Pool, PoolStats } from '../../schemas/resources/pool.js';
import type { StorageDf, StorageStatus } from '../../schemas/resources/storage-status.js';
import type { Snapshot, Volume } from '../../schemas/resources/volume.js';
import type { OsdDocument, PoolDocument, SnapshotDocument, VolumeDocument } from './storage-documents.js';
import type { OsdFigures, PoolFigures, ReportPart } from './storage-reports.js';

const UNITS = ['B', 'K', 'M', 'G', 'T', 'P'];
const MOST_DIGITS = 9999;

/** A size for people, as PVC writes it: rounded up, in the smallest unit in which it has at most four digits. */
export function humanSize(bytes: number): string {
  const fits = UNITS.findIndex((_, power) => Math.ceil(bytes / 1024 ** power) <= MOST_DIGITS);
  const power = fits === -1 ? UNITS.length - 1 : fits;
  return `${Math.ceil(bytes / 1024 ** power)}${UNITS[power]}`;
}

const kibOf = (bytes: number) => Math.floor(bytes / 1024);

function osdStatsFrom(figures: OsdFigures): OsdStats {
  return {
    uuid: figures.fsid,
    up: figures.up ? 1 : 0,
    in: figures.in ? 1 : 0,
    primary_affinity: figures.primaryAffinity,
    utilization: figures.usedPercent,
    var: figures.variance,
    pgs: figures.pgs,
    kb: kibOf(figures.sizeBytes),
    kb_used: kibOf(figures.usedBytes),
    kb_avail: kibOf(figures.freeBytes),
    size_bytes: figures.sizeBytes,
    used_bytes: figures.usedBytes,
    free_bytes: figures.freeBytes,
    weight: figures.crushWeight,
    reweight: figures.reweight,
    node: figures.host,
    class: figures.deviceClass,
    used: humanSize(figures.usedBytes),
    avail: humanSize(figures.freeBytes),
    wr_ops: figures.writeOpsPerS,
    wr_data: figures.writeBytesPerS,
    rd_ops: figures.readOpsPerS,
    rd_data: figures.readBytesPerS,
    state: figures.state.join(','),
  };
}

export function osdFrom({ id, node, device, fsid }: OsdDocument, figures: OsdFigures | undefined): Osd {
  return { id: String(id), node, device, fsid, stats: figures === undefined ? {} : osdStatsFrom(figures) };
}

function poolStatsFrom(figures: PoolFigures): PoolStats {
  return {
    id: figures.id,
    free_bytes: figures.freeBytes,
    used_bytes: figures.usedBytes,
    stored_bytes: figures.storedBytes,
    used_percent: figures.usedRatio,
    num_objects: figures.objects,
    num_object_clones: figures.objectClones,
    num_object_copies: figures.objectCopies,
    num_objects_missing_on_primary: figures.objectsMissing,
    num_objects_unfound: figures.objectsUnfound,
    num_objects_degraded: figures.objectsDegraded,
    read_ops: figures.readOps,
    read_bytes: figures.readBytes,
    write_ops: figures.writeOps,
    write_bytes: figures.writeBytes,
  };
}

export function poolFrom({ name, pgs, copies, mincopies }: PoolDocument, volumeCount: number, figures: PoolFigures | undefined): Pool {
  return { name, pgs, copies, mincopies, volume_count: volumeCount, stats: figures === undefined ? {} : poolStatsFrom(figures) };
}

export function volumeFrom(document: VolumeDocument): Volume {
  const { pool, name } = document;
  return {
    name,
    pool,
    stats: {
      name,
      id: document.id,
      size: humanSize(document.size_bytes),
      size_bytes: document.size_bytes,
      objects: document.objects,
      order: document.order,
      object_size: document.object_size_bytes,
      snapshot_count: document.snapshots.length,
      block_name_prefix: document.block_name_prefix,
      format: document.format,
      features: document.features,
      flags: document.flags,
      create_timestamp: document.created,
    },
  };
}

export function snapshotFrom({ pool, name: volume }: VolumeDocument, snapshot: SnapshotDocument): Snapshot {
  return {
    pool,
    volume,
    snapshot: snapshot.name,
    stats: {
      id: snapshot.id,
      size: humanSize(snapshot.size_bytes),
      size_bytes: snapshot.size_bytes,
      protected: snapshot.protected,
      timestamp: snapshot.created,
    },
  };
}

export function statusFrom({ status, primary_node, collected_at }: ReportPart): StorageStatus | undefined {
  if (status === undefined) return undefined;
  return { type: 'status', primary_node, collected_at, ceph_data: status.text, ceph_json: status.data, flags: status.flags };
}

export function dfFrom({ df, primary_node, collected_at }: ReportPart): StorageDf | undefined {
  return df && { type: 'utilization', primary_node, collected_at, ceph_data: df.text, ceph_json: df.data };
}
