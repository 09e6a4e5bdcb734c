// Documents and reports of a small storage, for tests to vary.
import type { OsdDocument, PoolDocument, SnapshotDocument, VolumeDocument } from '../../src/cluster/storage-documents.js';
import type { OsdFigures, PoolFigures, StorageReport } from '../../src/cluster/storage-reports.js';

const GIB = 1024 ** 3;

export const pool = (name: string, job = 1): PoolDocument => ({ name, pgs: 128, copies: 3, mincopies: 2, added_by: job });

export const osd = (id: number, job = 1): OsdDocument => ({
  id,
  node: 'hv1',
  device: `/dev/sd${'bcdefgh'[id % 7]}`,
  fsid: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
  added_by: job,
});

export const snapshot = (name: string, job = 1): SnapshotDocument => ({
  name,
  id: 4,
  size_bytes: GIB,
  protected: false,
  created: 'Sat Nov 21 08:00:00 2026',
  added_by: job,
});

export const volume = (spec: string, snapshots: SnapshotDocument[] = [], job = 1): VolumeDocument => {
  const [inPool = '', name = ''] = spec.split('/');
  return {
    pool: inPool,
    name,
    id: 'abc123',
    size_bytes: 20 * GIB,
    objects: 5120,
    order: 22,
    object_size_bytes: 4_194_304,
    block_name_prefix: 'rbd_data.abc123',
    format: 2,
    features: ['layering', 'exclusive-lock'],
    flags: [],
    created: 'Sat Nov 21 08:00:00 2026',
    snapshots,
    added_by: job,
  };
};

export const osdFigures = (id: number): OsdFigures => ({
  id,
  fsid: osd(id).fsid,
  up: true,
  in: true,
  state: ['exists', 'up'],
  host: 'hv1',
  deviceClass: 'ssd',
  primaryAffinity: 1,
  crushWeight: 1,
  reweight: 1,
  pgs: 33,
  sizeBytes: 100 * GIB,
  usedBytes: 10 * GIB,
  freeBytes: 90 * GIB,
  usedPercent: 10,
  variance: 1,
  readOpsPerS: 5,
  readBytesPerS: 4096,
  writeOpsPerS: 7,
  writeBytesPerS: 8192,
});

export const poolFigures = (name: string): PoolFigures => ({
  name,
  id: 2,
  freeBytes: 100 * GIB,
  usedBytes: 30 * GIB,
  storedBytes: 10 * GIB,
  usedRatio: 0.23,
  objects: 2560,
  objectClones: 0,
  objectCopies: 7680,
  objectsMissing: 0,
  objectsUnfound: 0,
  objectsDegraded: 0,
  readOps: 100,
  readBytes: 409_600,
  writeOps: 200,
  writeBytes: 819_200,
});

export const report = (changes: Partial<StorageReport> = {}): StorageReport => ({
  node: 'hv1',
  collectedAtS: Math.floor(Date.now() / 1000),
  status: { text: '  cluster:\n    health: HEALTH_OK\n', data: { health: { status: 'HEALTH_OK' } } },
  flags: ['sortbitwise'],
  df: { text: 'POOL_NAME  USED\nvms  30 GiB\n', data: { pools: [{ name: 'vms' }] } },
  osds: [osdFigures(0)],
  pools: [poolFigures('vms')],
  ...changes,
});
