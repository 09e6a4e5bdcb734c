// Which VMs need which part of the storage, on both stores: written with the VM, and decided by the store when a job marks a part.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ROOTS } from '../../src/cluster/open-store.js';
import { STORAGE_MARKS, STORAGE_USERS, storageUsers, type StorageUsers } from '../../src/cluster/storage-users.js';
import type { Store } from '../../src/cluster/store.js';
import { vmDocuments, type VmDocument, type VmDocuments } from '../../src/cluster/vm-documents.js';
import { partsOf } from '../../src/cluster/volume-users.js';
import { errorOf } from './error-of.js';
import { implementations, type Cluster } from './implementations.js';
import { rbdDisk, vmDocument } from './sample-vm.js';
import { unlucky } from './unlucky-store.js';

const REMOVAL = { job: 7, what: 'removed' };
const refused = (text: string) => expect.objectContaining({ errorClass: 'wrong_state', message: text });

it('is told of every pool, volume and snapshot that a disk names, and of what it is laid over', () => {
  const disks = [
    rbdDisk('vms/web1'),
    rbdDisk('vms/web1'),
    rbdDisk('images/golden@v1', { readonly: true }),
    rbdDisk('vms/top', {
      backing: [
        { type: 'rbd', name: 'images/bottom' },
        { type: 'file', name: 'images/file' },
      ],
    }),
    rbdDisk('far/team/data'),
    rbdDisk('vms/file', { type: 'file' }),
    rbdDisk('nameless', {}),
    rbdDisk('x', { name: null }),
    rbdDisk(`vms/${'x'.repeat(2000)}`),
  ];
  expect(partsOf({ disks })).toEqual([
    'vms',
    'vms/web1',
    'images',
    'images/golden',
    'images/golden@v1',
    'vms/top',
    'images/bottom',
    'far',
    'far/team/data',
  ]);
});

describe.each(implementations)('the users of the storage: %s', (_name, openCluster) => {
  let cluster: Cluster;
  let store: Store;
  let vms: VmDocuments;
  let users: StorageUsers;
  beforeAll(async () => void (cluster = await openCluster(ROOTS)));
  afterAll(() => cluster.close());
  beforeEach(async () => {
    store = await cluster.open();
    [vms, users] = [vmDocuments(store), storageUsers(store)];
  });
  afterEach(async () => {
    for (const part of await store.children(STORAGE_MARKS)) await store.discard(`${STORAGE_MARKS}/${part}`);
    await store.close();
  });

  const made = async (...names: string[]): Promise<VmDocument> => {
    const document = vmDocument(
      `vm-${String(performance.now())}`,
      names.map((name) => rbdDisk(name)),
    );
    await vms.create(document);
    return document;
  };
  const having = (uuid: string, ...names: string[]) =>
    vms.update(uuid, (document) => ({ ...document, disks: names.map((name) => rbdDisk(name)) }));

  it('are those that have it, from the change that gives it to them to the one that takes it', async () => {
    const [one, two] = [await made('vms/shared', 'vms/one@daily'), await made('vms/shared')];
    const both = [one.uuid, two.uuid].toSorted();
    expect((await users.of('vms')).toSorted()).toEqual(both);
    expect((await users.of('vms/shared')).toSorted()).toEqual(both);
    expect(await users.of('vms/one')).toEqual([one.uuid]);
    expect(await users.of('vms/one@daily')).toEqual([one.uuid]);
    await having(one.uuid, 'vms/shared', 'vms/other');
    expect([await users.of('vms/one'), await users.of('vms/one@daily'), await users.of('vms/other')]).toEqual([[], [], [one.uuid]]);
    await vms.remove(two.uuid);
    expect(await users.of('vms/shared')).toEqual([one.uuid]);
    await vms.remove(one.uuid);
    // Only the list of a pool stays.
    expect(await store.children(STORAGE_USERS)).toEqual(['vms']);
    expect(await users.of('vms')).toEqual([]);
  });

  it('do not become more while a job has marked the part', async () => {
    const vm = await made('vms/a');
    await users.mark('vms/b', REMOVAL);
    await users.mark('vms/b', REMOVAL);
    const text = 'volume "vms/b" is being removed by job 7';
    expect(await errorOf(made('vms/b'))).toEqual(refused(text));
    expect(await errorOf(having(vm.uuid, 'vms/a', 'vms/b'))).toEqual(refused(text));
    expect(await users.of('vms/b')).toEqual([]);
    await users.unmark('vms/b', { job: 8 });
    expect(await errorOf(made('vms/b@daily'))).toEqual(refused(text));
    await users.unmark('vms/b', { job: 7 });
    await users.unmark('vms/b', { job: 7 });
    await having(vm.uuid, 'vms/b');
    expect(await users.of('vms/b')).toEqual([vm.uuid]);
    // What it has already it keeps, and gives away, whatever is marked.
    await users.mark('vms/b', { job: 8, what: 'made smaller' });
    await vms.update(vm.uuid, (document) => ({ ...document, state: 'disable' }));
    // A guest that somebody has started is told as it is; but none is started on it.
    const startedByHand = await vms.update(vm.uuid, (document) => ({ ...document, state: 'start' }));
    await vms.update(vm.uuid, () => ({ ...startedByHand, state: 'stop' }));
    const starting = vms.update(vm.uuid, () => startedByHand, undefined, { admits: ['ready'] });
    expect(await errorOf(starting)).toEqual(refused('volume "vms/b" is being made smaller by job 8'));
    await vms.remove(vm.uuid);
    expect(await users.of('vms/b')).toEqual([]);
  });

  it('are refused by the store itself when the mark comes between their look and their change', async () => {
    const marking = unlucky(store, { before: () => users.mark('vms/c', { job: 7, what: 'renamed' }) });
    const vm = vmDocument('late', [rbdDisk('vms/c')]);
    expect(await errorOf(vmDocuments(marking).create(vm))).toEqual(refused('volume "vms/c" is being renamed by job 7'));
    expect([await vms.find(vm.uuid), await vms.uuidOf('late'), await users.of('vms/c')]).toEqual([undefined, undefined, []]);
    await users.unmark('vms/c', { job: 7 });

    // The mark of a former job is taken over, and its late end does not take the new one away.
    await users.mark('vms/c', { job: 7, what: 'renamed' });
    await users.mark('vms/c', { job: 9, what: 'removed' });
    await users.unmark('vms/c', { job: 7 });
    expect(await errorOf(vms.create(vm))).toEqual(refused('volume "vms/c" is being removed by job 9'));
    await users.unmark('vms/c');
    await vmDocuments(unlucky(store, { loseAnswer: true })).create(vm);
    expect(await users.of('vms/c')).toEqual([vm.uuid]);
    await vms.remove(vm.uuid);
  });

  it('keep their list when one comes while the last one leaves, and the other way', async () => {
    const [one, two] = [await made('vms/d'), vmDocument('two', [rbdDisk('vms/d')])];
    const coming = unlucky(store, { before: () => vms.create(two) });
    await vmDocuments(coming).remove(one.uuid);
    expect(await users.of('vms/d')).toEqual([two.uuid]);
    const three = vmDocument('three', [rbdDisk('vms/d')]);
    const leaving = unlucky(store, { before: () => vms.remove(two.uuid) });
    await vmDocuments(leaving).create(three);
    expect(await users.of('vms/d')).toEqual([three.uuid]);
    await vms.remove(three.uuid);
  });

  it('come by twenties at once', async () => {
    const all = Array.from({ length: 20 }, (_, index) => vmDocument(`many-${index}`, [rbdDisk('vms/golden@v1')]));
    await Promise.all(all.map((document) => vms.create(document)));
    expect((await users.of('vms/golden@v1')).toSorted()).toEqual(all.map(({ uuid }) => uuid).toSorted());
    await Promise.all(all.map(({ uuid }) => vms.remove(uuid)));
    expect(await users.of('vms/golden')).toEqual([]);
  });
});
