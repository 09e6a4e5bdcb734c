// What the cluster keeps of its storage, on both stores: each change atomic, repeatable, and only of what one has made.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  OSDS,
  POOLS,
  snapshotOf,
  storageDocuments,
  VOLUMES,
  withoutSnapshot,
  withSnapshot,
  withSnapshotRenamed,
  type StorageDocuments,
} from '../../src/cluster/storage-documents.js';
import type { Store } from '../../src/cluster/store.js';
import { errorOf } from './error-of.js';
import { implementations, type Cluster } from './implementations.js';
import { osd, pool, snapshot, volume } from './sample-storage.js';
import { unlucky } from './unlucky-store.js';

const classed = (errorClass: string) => expect.objectContaining({ errorClass });

describe.each(implementations)('the documents of the storage: %s', (_name, openCluster) => {
  let cluster: Cluster;
  let store: Store;
  let storage: StorageDocuments;
  beforeAll(async () => void (cluster = await openCluster([OSDS, POOLS, VOLUMES])), 60_000);
  afterAll(() => cluster.close());
  beforeEach(async () => {
    store = await cluster.open();
    storage = storageDocuments(store);
  });
  afterEach(async () => {
    for (const name of await storage.pools.keys()) await storage.removePool(name);
    await storage.osds.removeAll(await storage.osds.keys());
    await storage.volumes.removeAll(await storage.volumes.keys());
    await store.close();
  });

  it('keeps what is created until it is removed', async () => {
    await storage.osds.create(osd(3));
    await storage.pools.create(pool('vms'));
    await storage.volumes.create(volume('vms/web1_sda'));
    expect(await storage.osds.get('3')).toEqual(osd(3));
    expect(await storage.pools.get('vms')).toEqual(pool('vms'));
    expect(await storage.volumes.get('vms/web1_sda')).toEqual(volume('vms/web1_sda'));
    await storage.volumes.remove('vms/web1_sda');
    await storage.volumes.remove('vms/web1_sda');
    expect(await storage.volumes.find('vms/web1_sda')).toBeUndefined();
  });

  it('knows the creation of the same job again, and refuses that of another', async () => {
    await storage.pools.create(pool('vms', 7));
    await storage.pools.create(pool('vms', 7));
    expect(await errorOf(storage.pools.create(pool('vms', 8)))).toEqual(classed('already_exists'));
    await storage.pools.remove('vms', { addedBy: 8 });
    expect(await storage.pools.find('vms')).toBeDefined();
    await storage.pools.remove('vms', { addedBy: 7 });
    expect(await storage.pools.find('vms')).toBeUndefined();
  });

  it('takes a volume only into a pool that is there when it is created', async () => {
    expect(await errorOf(storage.volumes.create(volume('vms/a')))).toEqual(classed('unknown_entity'));
    await storage.pools.create(pool('vms'));
    const raced = storageDocuments(unlucky(store, { before: () => storage.pools.remove('vms') }));
    expect(await errorOf(raced.volumes.create(volume('vms/a')))).toEqual(classed('unknown_entity'));
    expect(await storage.volumes.keys()).toEqual([]);
  });

  it('does each change once, although nobody hears of it', async () => {
    const losing = () => storageDocuments(unlucky(store, { loseAnswer: true }));
    await losing().pools.create(pool('vms'));
    await losing().volumes.create(volume('vms/a', [snapshot('daily')]));
    await losing().volumes.update('vms/a', (document) => ({ ...document, size_bytes: 5 }));
    await losing().volumes.rename('vms/a', 'vms/b', (document) => ({ ...document, name: 'b' }));
    expect(await storage.volumes.get('vms/b')).toEqual({ ...volume('vms/b', [snapshot('daily')]), size_bytes: 5 });
    await losing().volumes.remove('vms/b');
    await losing().removePool('vms');
    expect([await storage.volumes.keys(), await storage.pools.keys()]).toEqual([[], []]);
  });

  it('changes what another has changed meanwhile, not what it was before', async () => {
    await storage.pools.create(pool('vms'));
    await storage.volumes.create(volume('vms/a'));
    const first = () => storage.volumes.update('vms/a', (document) => withSnapshot(document, snapshot('first')));
    const raced = storageDocuments(unlucky(store, { before: async () => void (await first()) }));
    await raced.volumes.update('vms/a', (document) => withSnapshot(document, snapshot('second')));
    expect((await storage.volumes.get('vms/a')).snapshots.map(({ name }) => name)).toEqual(['first', 'second']);
  });

  it('renames a volume with its snapshots, once, and never over another', async () => {
    await storage.pools.create(pool('vms'));
    await storage.volumes.create(volume('vms/a', [snapshot('daily')]));
    await storage.volumes.create(volume('vms/c'));
    const rename = (to: string) => storage.volumes.rename('vms/a', `vms/${to}`, (document) => ({ ...document, name: to }));
    expect(await errorOf(rename('c'))).toEqual(classed('already_exists'));
    await rename('b');
    await rename('b');
    expect((await storage.volumes.keys()).toSorted()).toEqual(['vms/b', 'vms/c']);
    expect(await storage.volumes.get('vms/b')).toEqual(volume('vms/b', [snapshot('daily')]));
    expect(await errorOf(rename('d'))).toEqual(classed('unknown_entity'));
  });

  it('tells what is not there', async () => {
    const same = <T>(document: T) => document;
    expect(await errorOf(storage.osds.get('9'))).toEqual(classed('unknown_entity'));
    expect(await errorOf(storage.volumes.update('vms/a', same))).toEqual(classed('unknown_entity'));
  });

  it('forgets a pool with all its volumes, and no other', async () => {
    await storage.pools.create(pool('vms'));
    await storage.pools.create(pool('vms2'));
    await storage.volumes.create(volume('vms2/a'));
    for (let start = 0; start < 1100; start += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, index) => storage.volumes.create(volume(`vms/disk${start + index}`))));
    }
    expect(await storage.volumesOf('vms')).toHaveLength(1100);
    await storage.removePool('vms');
    await storage.removePool('vms');
    expect([await storage.pools.keys(), await storage.volumes.keys()]).toEqual([['vms2'], ['vms2/a']]);
  });

  it('changes nothing once the right to it is lost', async () => {
    await storage.pools.create(pool('vms'));
    await storage.volumes.create(volume('vms/a'));
    const { signal } = { signal: AbortSignal.abort(new Error('lost')) };
    const changes = [
      storage.pools.create(pool('other'), signal),
      storage.volumes.update('vms/a', (document) => ({ ...document, size_bytes: 5 }), signal),
      storage.volumes.rename('vms/a', 'vms/b', (document) => ({ ...document, name: 'b' }), signal),
      storage.volumes.remove('vms/a', { signal }),
      storage.removePool('vms', signal),
    ];
    for (const change of changes.map(errorOf)) expect(await change).toEqual(new Error('lost'));
    expect([await storage.pools.keys(), await storage.volumes.get('vms/a')]).toEqual([['vms'], volume('vms/a')]);
  });
});

describe('the snapshots of a volume', () => {
  const before = volume('vms/a', [snapshot('daily', 7)]);
  const names = ({ snapshots }: typeof before) => snapshots.map(({ name }) => name);
  const errorOfCall = (call: () => unknown) => errorOf(Promise.resolve().then(call));

  it('are added once a name', async () => {
    expect(names(withSnapshot(before, snapshot('weekly', 8)))).toEqual(['daily', 'weekly']);
    expect(withSnapshot(before, snapshot('daily', 7))).toBe(before);
    expect(await errorOfCall(() => withSnapshot(before, snapshot('daily', 8)))).toEqual(classed('already_exists'));
  });

  it('are removed by name, or only by who added them', () => {
    expect(names(withoutSnapshot(before, 'daily'))).toEqual([]);
    expect(names(withoutSnapshot(before, 'daily', 7))).toEqual([]);
    expect(withoutSnapshot(before, 'daily', 8)).toBe(before);
    expect(withoutSnapshot(before, 'weekly')).toBe(before);
  });

  it('are renamed to a name that is free', async () => {
    const renamed = withSnapshotRenamed(before, 'daily', 'old');
    expect(names(renamed)).toEqual(['old']);
    expect(withSnapshotRenamed(renamed, 'daily', 'old')).toBe(renamed);
    const two = withSnapshot(before, snapshot('weekly'));
    expect(await errorOfCall(() => withSnapshotRenamed(two, 'daily', 'weekly'))).toEqual(classed('already_exists'));
    expect(await errorOfCall(() => withSnapshotRenamed(two, 'monthly', 'old'))).toEqual(classed('unknown_entity'));
  });

  it('are found by name', async () => {
    expect(snapshotOf(before, 'daily')).toEqual(snapshot('daily', 7));
    expect(await errorOfCall(() => snapshotOf(before, 'weekly'))).toEqual(classed('unknown_entity'));
  });
});
