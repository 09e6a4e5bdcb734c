// What is known of the storage without asking Ceph, on both stores: documents and the last report together.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mirrorCluster, type ClusterMirror } from '../../src/cluster/cluster-mirror.js';
import { fencedStore, LocksLost } from '../../src/cluster/fence.js';
import { createLocks } from '../../src/cluster/locks.js';
import { ROOTS } from '../../src/cluster/open-store.js';
import { PRIMARY_LOCK } from '../../src/cluster/primary-election.js';
import { storageDocuments, withSnapshot, type StorageDocuments } from '../../src/cluster/storage-documents.js';
import { reportStorage, STORAGE_REPORTS } from '../../src/cluster/storage-reports.js';
import { humanSize } from '../../src/cluster/storage-resources.js';
import type { StorageReader } from '../../src/cluster/storage-reader.js';
import type { Store } from '../../src/cluster/store.js';
import { vmDocuments } from '../../src/cluster/vm-documents.js';
import { patience } from '../lab/patience.js';
import { implementations, type Cluster } from './implementations.js';
import { osd, osdFigures, pool, poolFigures, report, snapshot, volume } from './sample-storage.js';
import { rbdDisk, vmDocument } from './sample-vm.js';

const BOUND = { timeout: patience(30_000) };

describe.each(implementations)('the storage as last seen: %s', (_name, openCluster) => {
  let cluster: Cluster;
  let store: Store;
  let documents: StorageDocuments;
  let mirror: ClusterMirror;
  let storage: StorageReader;
  beforeAll(async () => void (cluster = await openCluster(ROOTS)));
  afterAll(() => cluster.close());
  beforeEach(async () => {
    store = await cluster.open();
    documents = storageDocuments(store);
    mirror = await mirrorCluster(store, (error) => {
      throw error;
    });
    storage = mirror.storage;
  });
  afterEach(async () => {
    mirror.close();
    for (const name of await documents.pools.keys()) await documents.removePool(name);
    await documents.osds.removeAll(await documents.osds.keys());
    for (const name of await store.children(STORAGE_REPORTS)) await store.discard(`${STORAGE_REPORTS}/${name}`);
    await store.close();
  });

  it('shows what is known, with what Ceph said of it', async () => {
    await documents.osds.create(osd(0));
    await documents.osds.create(osd(1));
    await documents.pools.create(pool('vms'));
    await documents.volumes.create(volume('vms/a'));
    await expect.poll(() => storage.pool('vms')?.volume_count, BOUND).toBe(1);
    expect(storage.osd(1)).toEqual({ id: '1', node: 'hv1', device: '/dev/sdc', fsid: osd(1).fsid, stats: {} });
    expect([storage.status(), storage.df(), storage.reportedAtMs]).toEqual([undefined, undefined, undefined]);
    await reportStorage(store, report({ collectedAtS: 1000 }));
    await expect.poll(() => storage.pool('vms')?.stats.used_percent, BOUND).toBe(0.23);
    await expect.poll(() => storage.osd(0)?.stats.state, BOUND).toBe('exists,up');
    await expect.poll(() => storage.df()?.ceph_data, BOUND).toContain('30 GiB');
    expect(storage.osd(0)?.stats).toMatchObject({ up: 1, in: 1, used: '10G', kb: 104_857_600, pgs: 33, wr_data: 8192 });
    expect(storage.status()).toMatchObject({
      type: 'status',
      primary_node: 'hv1',
      collected_at: 1000,
      ceph_data: expect.stringContaining('HEALTH_OK'),
      ceph_json: { health: { status: 'HEALTH_OK' } },
      flags: ['sortbitwise'],
    });
    expect(storage.reportedAtMs).toBe(1_000_000);
    expect(storage.osd(1)?.stats).toEqual({});
  });

  it('finds volumes and snapshots by pool, by name, by both and by none', async () => {
    for (const name of ['vms', 'backup']) await documents.pools.create(pool(name));
    for (const spec of ['vms/a', 'vms/b', 'backup/a']) await documents.volumes.create(volume(spec));
    await documents.volumes.update('vms/a', (document) => withSnapshot(document, snapshot('daily')));
    await documents.volumes.update('backup/a', (document) => withSnapshot(document, snapshot('daily')));
    await expect.poll(() => [...storage.snapshots()].length, BOUND).toBe(2);
    await expect.poll(() => [...storage.volumes()].length, BOUND).toBe(3);
    const specs = (filter: Parameters<StorageReader['volumes']>[0]) =>
      [...storage.volumes(filter)].map((found) => `${found.pool}/${found.name}`).toSorted();
    expect(specs({ pool: 'vms' })).toEqual(['vms/a', 'vms/b']);
    expect(specs({ volume: 'a' })).toEqual(['backup/a', 'vms/a']);
    expect(specs({ pool: 'vms', volume: 'a' })).toEqual(['vms/a']);
    expect(specs({ pool: 'vms', volume: 'nosuch' })).toEqual([]);
    expect(specs({ volume: 'nosuch' })).toEqual([]);
    expect([...storage.snapshots({ volume: 'b' })]).toEqual([]);
    expect([...storage.snapshots({ pool: 'vms' })]).toMatchObject([
      { pool: 'vms', volume: 'a', snapshot: 'daily', stats: { size: '1024M' } },
    ]);
    expect(storage.snapshot('vms', 'a', 'daily')).toBeDefined();
    await documents.volumes.rename('vms/a', 'vms/z', (document) => ({ ...document, name: 'z' }));
    await expect.poll(() => specs({ volume: 'z' }), BOUND).toEqual(['vms/z']);
    await expect.poll(() => specs({ volume: 'a' }), BOUND).toEqual(['backup/a']);
  });

  it('knows which VMs have a volume', async () => {
    const vms = vmDocuments(store);
    const disks = (...names: string[]) => names.map((name) => rbdDisk(name));
    const one = vmDocument('one', disks('vms/shared', 'vms/one@daily'));
    const two = vmDocument('two', disks('vms/shared'));
    const file = vmDocument('three', [rbdDisk('vms/shared', { type: 'file' })]);
    for (const document of [one, two, file]) await vms.create(document);
    await expect.poll(() => [...storage.vmsWith('vms', 'shared')].toSorted(), BOUND).toEqual([one.uuid, two.uuid].toSorted());
    await expect.poll(() => [...storage.vmsWith('vms', 'one')], BOUND).toEqual([one.uuid]);
    await vms.update(two.uuid, (document) => ({ ...document, disks: disks('vms/two') }));
    await expect.poll(() => [...storage.vmsWith('vms', 'two')], BOUND).toEqual([two.uuid]);
    expect([...storage.vmsWith('vms', 'shared')]).toEqual([one.uuid]);
    for (const { uuid } of [one, two, file]) await vms.remove(uuid);
    await expect.poll(() => storage.vmsWith('vms', 'shared').size + storage.vmsWith('vms', 'one').size, BOUND).toBe(0);
  });

  it('takes reports of any size, in parts, and forgets the parts of larger ones', async () => {
    const ids = Array.from({ length: 1201 }, (_, id) => id);
    await documents.osds.create(osd(1200));
    await documents.pools.create(pool('pool700'));
    await reportStorage(
      store,
      report({
        collectedAtS: 10,
        osds: ids.map(osdFigures),
        pools: ids.slice(0, 800).map((id) => poolFigures(`pool${id}`)),
        status: { text: 'large', data: { filler: 'x'.repeat(2_000_000) } },
      }),
    );
    await expect.poll(() => storage.osd(1200)?.stats.pgs, BOUND).toBe(33);
    await expect.poll(() => storage.pool('pool700')?.stats.id, BOUND).toBe(2);
    await expect.poll(() => storage.status()?.ceph_json, BOUND).toBeNull();
    await reportStorage(store, report({ collectedAtS: 20 }));
    expect((await store.children(STORAGE_REPORTS)).toSorted()).toEqual(['df', 'osds-0', 'pools-0', 'status']);
    await expect.poll(() => storage.osd(1200)?.stats, BOUND).toEqual({});
    await expect.poll(() => storage.reportedAtMs, BOUND).toBe(20_000);
  });

  it('believes the primary of the moment, whatever the clocks say', async () => {
    const other = await cluster.open();
    const claim = { job: 0, opcode: 'primary', signal: AbortSignal.timeout(BOUND.timeout) };
    const nowS = () => Date.now() / 1000;
    // Its clock is an hour fast.
    const fast = await createLocks(store, { worker: 'hv1' }).acquire([PRIMARY_LOCK], claim);
    const openedAtMs = Date.now();
    await reportStorage(fencedStore(store, fast.entries), report({ collectedAtS: nowS() + 3600, node: 'hv1', osds: [osdFigures(7)] }));
    await mirror.caughtUp();
    expect(storage.status()?.primary_node).toBe('hv1');
    const heardAtMs = storage.reportedAtMs ?? 0;
    expect(heardAtMs).toBeGreaterThanOrEqual(openedAtMs);
    expect(heardAtMs).toBeLessThanOrEqual(Date.now());
    await fast.release();
    const next = await createLocks(other, { worker: 'hv2' }).acquire([PRIMARY_LOCK], claim);
    await reportStorage(fencedStore(other, next.entries), report({ collectedAtS: nowS(), node: 'hv2' }));
    await mirror.caughtUp();
    expect(storage.status()?.primary_node).toBe('hv2');
    // The first one wakes in the middle of a report, and does not know yet that it is the primary no more.
    const late = reportStorage(fencedStore(store, fast.entries), report({ collectedAtS: nowS() + 3600, node: 'hv1', osds: [] }));
    await expect(late).rejects.toBeInstanceOf(LocksLost);
    await mirror.caughtUp();
    expect([storage.status()?.primary_node, storage.df()?.primary_node]).toEqual(['hv2', 'hv2']);
    expect(storage.reportedAtMs).toBeLessThanOrEqual(Date.now());
    await next.release();
    await other.close();
  });
});

it.each([
  [1, '1B'],
  [9999, '9999B'],
  [10_000, '10K'],
  [1024 ** 3, '1024M'],
  [20 * 1024 ** 3, '20G'],
  [20 * 1024 ** 3 + 1, '21G'],
  [Number.MAX_SAFE_INTEGER, '8192T'],
])('writes %i bytes as %s', (bytes, expected) => {
  expect(humanSize(bytes)).toBe(expected);
});
