// What the storage's opcodes are tried on, each in a pool of its own: what there is before, and the parameters.
import { expect } from 'vitest';
import type { TestCluster } from '../harness/cluster.js';
import { GIB, putPool, putVolume, recordVolume } from '../harness/storage.js';

export interface StorageScenario {
  title: string;
  opcode: string;
  /** Makes what is there before, all of it under the pool's name. */
  prepare(cluster: TestCluster, pool: string): Promise<void>;
  parameters(pool: string): Record<string, unknown>;
  steps: number;
  result(pool: string): unknown;
  /** Nothing brings back what it removes: when it fails after that, it is gone, and known to be gone. */
  isForGood?: boolean;
}

const withVolume = async (cluster: TestCluster, pool: string) => {
  await putPool(cluster, pool);
  await putVolume(cluster, pool, 'v1', 2 * GIB, ['s1', 's2']);
};
const v1 = (pool: string) => ({ pool, volume: 'v1' });
const s1 = (pool: string) => ({ ...v1(pool), snapshot: 's1' });

export const STORAGE_SCENARIOS: readonly StorageScenario[] = [
  {
    title: 'a pool that is not there yet',
    opcode: 'OP_POOL_ADD',
    prepare: async () => undefined,
    parameters: (pool) => ({ pool, pgs: 4, copies: 2, mincopies: 1 }),
    steps: 2,
    result: (pool) => ({ pool, pgs: 4, copies: 2, mincopies: 1 }),
  },
  {
    title: 'a pool with a volume',
    opcode: 'OP_POOL_REMOVE',
    prepare: withVolume,
    parameters: (pool) => ({ pool, yes_i_really_mean_it: true }),
    steps: 1,
    result: (pool) => ({ pool, volumes: 1 }),
    isForGood: true,
  },
  {
    title: 'a volume that is not there yet',
    opcode: 'OP_VOLUME_ADD',
    prepare: putPool,
    parameters: (pool) => ({ ...v1(pool), size: '1G' }),
    steps: 2,
    result: (pool) => ({ ...v1(pool), size_bytes: GIB }),
  },
  {
    title: 'a volume that grows',
    opcode: 'OP_VOLUME_RESIZE',
    prepare: withVolume,
    parameters: (pool) => ({ ...v1(pool), size: '3G' }),
    steps: 2,
    result: (pool) => ({ ...v1(pool), size_bytes: 3 * GIB }),
  },
  {
    title: 'a volume that shrinks',
    opcode: 'OP_VOLUME_RESIZE',
    prepare: withVolume,
    parameters: (pool) => ({ ...v1(pool), size: '1G', shrink: true }),
    steps: 2,
    result: (pool) => ({ ...v1(pool), size_bytes: GIB }),
  },
  {
    title: 'a volume with snapshots',
    opcode: 'OP_VOLUME_RENAME',
    prepare: withVolume,
    parameters: (pool) => ({ ...v1(pool), new_name: 'v2' }),
    steps: 2,
    result: (pool) => ({ pool, volume: 'v2', size_bytes: 2 * GIB }),
  },
  {
    title: 'a volume',
    opcode: 'OP_VOLUME_CLONE',
    prepare: withVolume,
    parameters: (pool) => ({ ...v1(pool), new_name: 'v2' }),
    steps: 2,
    result: (pool) => ({ pool, volume: 'v2', size_bytes: 2 * GIB }),
  },
  {
    title: 'a snapshot',
    opcode: 'OP_VOLUME_CLONE',
    prepare: withVolume,
    parameters: (pool) => ({ ...s1(pool), new_name: 'v2' }),
    steps: 2,
    result: (pool) => ({ pool, volume: 'v2', size_bytes: 2 * GIB }),
  },
  {
    title: 'a volume with snapshots',
    opcode: 'OP_VOLUME_REMOVE',
    prepare: withVolume,
    parameters: v1,
    steps: 1,
    result: v1,
    isForGood: true,
  },
  {
    title: 'a volume with others',
    opcode: 'OP_SNAPSHOT_ADD',
    prepare: withVolume,
    parameters: (pool) => ({ ...v1(pool), snapshot: 's3' }),
    steps: 2,
    result: (pool) => ({ ...v1(pool), snapshot: 's3' }),
  },
  {
    title: 'one of two',
    opcode: 'OP_SNAPSHOT_RENAME',
    prepare: withVolume,
    parameters: (pool) => ({ ...s1(pool), new_name: 's3' }),
    steps: 2,
    result: (pool) => ({ ...v1(pool), snapshot: 's3' }),
  },
  {
    title: 'one of two',
    opcode: 'OP_SNAPSHOT_REMOVE',
    prepare: withVolume,
    parameters: s1,
    steps: 1,
    result: s1,
    isForGood: true,
  },
  {
    title: 'a volume that has grown since',
    opcode: 'OP_SNAPSHOT_ROLLBACK',
    prepare: async (cluster, pool) => {
      await putPool(cluster, pool);
      const ceph = cluster.ceph.open();
      await ceph.createVolume(v1(pool), GIB);
      await ceph.createSnapshot(s1(pool));
      await ceph.resizeVolume(v1(pool), 2 * GIB);
      await recordVolume(cluster, pool, 'v1');
    },
    parameters: s1,
    steps: 1,
    result: s1,
    isForGood: true,
  },
  {
    title: 'what was made and removed behind its back',
    opcode: 'OP_STORAGE_VERIFY',
    prepare: async (cluster, pool) => {
      await withVolume(cluster, pool);
      const ceph = cluster.ceph.open();
      await ceph.createVolume({ pool, volume: 'alien' }, GIB);
      await ceph.createSnapshot({ ...v1(pool), snapshot: 's3' });
      await ceph.removeSnapshot(s1(pool));
      await putVolume(cluster, pool, 'lost');
      await ceph.removeVolume({ pool, volume: 'lost' });
    },
    parameters: (pool) => ({
      adopt: [`volume/${pool}/alien`, `snapshot/${pool}/v1@s3`],
      drop: [`volume/${pool}/lost`, `snapshot/${pool}/v1@s1`],
    }),
    steps: 1,
    result: (pool) => ({
      drift: expect.arrayContaining([
        { thing: `volume/${pool}/alien`, difference: 'unknown', detail: '', done: 'adopted' },
        { thing: `snapshot/${pool}/v1@s3`, difference: 'unknown', detail: '', done: 'adopted' },
        { thing: `volume/${pool}/lost`, difference: 'missing', detail: '', done: 'dropped' },
        { thing: `snapshot/${pool}/v1@s1`, difference: 'missing', detail: '', done: 'dropped' },
      ]),
    }),
  },
];
