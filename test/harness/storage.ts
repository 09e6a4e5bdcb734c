// Pools, volumes and snapshots of a test's cluster, put there without any job: in Ceph and in what the cluster keeps, or in one of the two.
import type { TestCluster } from './cluster.js';
import { snapshotRecord, volumeRecord } from '../../workers/steps/storage-records.js';

type Stage = Pick<TestCluster, 'ceph' | 'storage'>;

export const GIB = 1024 ** 3;
/** Who added what no job of the test has added. */
const BEFORE = 999_999;
const NUMBERS = { pgs: 8, copies: 2 };

export async function putPool({ ceph, storage }: Stage, name: string): Promise<void> {
  await ceph.open().createPool({ name, ...NUMBERS, minCopies: 1 });
  await storage.pools.create({ name, ...NUMBERS, mincopies: 1, added_by: BEFORE });
}

/** In a pool that is there. */
export async function putVolume(stage: Stage, pool: string, volume: string, sizeBytes = GIB, snapshots: string[] = []): Promise<void> {
  const ceph = stage.ceph.open();
  await ceph.createVolume({ pool, volume }, sizeBytes);
  for (const snapshot of snapshots) await ceph.createSnapshot({ pool, volume, snapshot });
  await recordVolume(stage, pool, volume);
}

/** Makes the cluster know a volume as Ceph has it. */
export async function recordVolume({ ceph: { open }, storage }: Stage, pool: string, volume: string): Promise<void> {
  const facts = await open().volume({ pool, volume });
  if (facts === undefined) throw new Error(`Ceph has no volume ${pool}/${volume}`);
  const snapshots = await open().snapshots({ pool, volume });
  await storage.volumes.create({
    ...volumeRecord(facts),
    snapshots: snapshots.map((snapshot) => snapshotRecord(snapshot, BEFORE)),
    added_by: BEFORE,
  });
}
