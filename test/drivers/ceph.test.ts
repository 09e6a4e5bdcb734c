// The Ceph contracts on the simulated Ceph, in memory and on disk; and what it does beyond them: failures that were ordered, nodes that do
// not answer, OSDs that end by themselves, and a folder that outlives it.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openSimulatedCeph, type SimulatedCeph, type SimulatedCephOptions } from '../../workers/drivers/simulated/simulated-ceph.js';
import { cephContract, type CephSubject } from '../contract/ceph.js';
import { osdHostContract, type OsdHostSubject } from '../contract/ceph-osd-host.js';

const NODES = ['hv1', 'hv2', 'hv3'];
const DISK_BYTES = 1024 ** 4;

async function subject(directory?: string): Promise<CephSubject> {
  const ceph = await openSimulatedCeph({ nodes: NODES, ...(directory === undefined ? {} : { directory }) });
  return {
    open: ceph.open,
    watch: ceph.watch,
    protect: (name) => ceph.setProtected(name, true),
    unprotect: (name) => ceph.setProtected(name, false),
    close: ceph.close,
  };
}

async function subjectOnDisk(): Promise<CephSubject> {
  const directory = await mkdtemp(join(tmpdir(), 'simulated-ceph-'));
  const onDisk = await subject(directory);
  return {
    ...onDisk,
    async close() {
      await onDisk.close();
      await rm(directory, { recursive: true });
    },
  };
}

async function osdHostSubject(): Promise<OsdHostSubject> {
  const ceph = await openSimulatedCeph({ nodes: NODES, drainMs: 100 });
  let devices = 0;
  async function device(signatures: string[]): Promise<string> {
    devices += 1;
    const path = `/dev/vd${devices}`;
    await ceph.putDevice({ node: 'hv1', path, sizeBytes: DISK_BYTES, signatures });
    return path;
  }
  return {
    host: await ceph.hosts.on('hv1'),
    ceph: ceph.open(),
    emptyDevice: () => device([]),
    usedDevice: () => device(['ext4']),
    close: ceph.close,
  };
}

cephContract('simulated', subject);
cephContract('simulated, on disk', subjectOnDisk);
osdHostContract('simulated', osdHostSubject);

describe('a simulated Ceph', () => {
  const opened: SimulatedCeph[] = [];
  const folders: string[] = [];

  async function simulated(options: Partial<SimulatedCephOptions> = {}): Promise<SimulatedCeph> {
    const ceph = await openSimulatedCeph({ nodes: NODES, ...options });
    opened.push(ceph);
    return ceph;
  }

  afterEach(async () => {
    for (const ceph of opened.splice(0)) await ceph.close();
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });

  test('outlives its process in its folder', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'simulated-ceph-'));
    folders.push(directory);
    const first = await openSimulatedCeph({ nodes: NODES, directory });
    const ceph = first.open();
    await ceph.createPool({ name: 'vms', pgs: 8, copies: 3, minCopies: 2 });
    await ceph.createVolume({ pool: 'vms', volume: 'v' }, 1000);
    await ceph.createSnapshot({ pool: 'vms', volume: 'v', snapshot: 's' });
    await ceph.setFlag('noout', true);
    const host = await first.hosts.on('hv2');
    const { id } = await host.prepareOsd({ device: '/dev/sdc', fsid: randomUUID() });
    await host.startOsd(id);
    const before = first.snapshot();
    await first.close();
    const second = await simulated({ directory });
    expect(second.snapshot()).toEqual(before);
    await expect(openSimulatedCeph({ nodes: NODES, directory })).rejects.toMatchObject({ errorClass: 'environment_error' });
    await expect(ceph.flags().then(() => ceph.setFlag('noin', true))).rejects.toMatchObject({ errorClass: 'environment_error' });
  });

  test('gives a node that comes later its disks', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'simulated-ceph-'));
    folders.push(directory);
    await (await openSimulatedCeph({ nodes: ['hv1'], directory })).close();
    const later = await simulated({ nodes: ['hv1', 'hv2'], directory });
    expect((await later.open().osds()).map(({ id, host }) => [id, host])).toEqual([
      [0, 'hv1'],
      [1, 'hv2'],
    ]);
  });

  test('fails as ordered, before the work or after it', async () => {
    const all = await simulated();
    const ceph = all.open();
    await ceph.createPool({ name: 'vms', pgs: 8, copies: 3, minCopies: 2 });
    const before = all.snapshot();
    all.failNext('createVolume', new Error('before'));
    await expect(ceph.createVolume({ pool: 'vms', volume: 'v' }, 1000)).rejects.toThrow('before');
    expect(all.snapshot()).toEqual(before);
    all.failNext('createVolume', new Error('after'), 'after');
    await expect(ceph.createVolume({ pool: 'vms', volume: 'v' }, 1000)).rejects.toThrow('after');
    expect(await ceph.volume({ pool: 'vms', volume: 'v' })).toMatchObject({ sizeBytes: 1000 });
    all.failNext('prepareOsd', new Error('lost'), 'after');
    const [host, fsid] = [await all.hosts.on('hv1'), randomUUID()];
    await expect(host.prepareOsd({ device: '/dev/sdc', fsid })).rejects.toThrow('lost');
    expect(await host.prepareOsd({ device: '/dev/sdc', fsid })).toMatchObject({ fsid });
    expect(await ceph.osds()).toHaveLength(NODES.length + 1);
  });

  test('has nodes that may not answer, and none that is not known', async () => {
    let away = false;
    const { hosts } = await simulated({ isUnreachable: (node) => away && node === 'hv1' });
    const host = await hosts.on('hv1');
    away = true;
    await expect(host.localOsds()).rejects.toMatchObject({ errorClass: 'environment_error' });
    await expect(hosts.on('hv1')).rejects.toMatchObject({ errorClass: 'environment_error' });
    await expect(hosts.on('hv9')).rejects.toMatchObject({ errorClass: 'unknown_entity' });
  });

  test('lets an OSD keep its data while the others are too few', async () => {
    const all = await simulated({ drainMs: 1 });
    const ceph = all.open();
    await ceph.createPool({ name: 'vms', pgs: 8, copies: 3, minCopies: 2 });
    await ceph.osdOut(0);
    const host = await all.hosts.on('hv1');
    const added = await host.prepareOsd({ device: '/dev/sdc', fsid: randomUUID() });
    expect(await ceph.osdDrain(0)).toMatchObject({ safeToDestroy: false });
    await host.startOsd(added.id);
    await expect.poll(() => ceph.osdDrain(0)).toEqual({ pgs: 0, safeToDestroy: true });
  });

  test('says so when an OSD ends by itself', async () => {
    const all = await simulated();
    await all.crashOsd(1);
    expect((await all.open().osds()).map(({ up }) => up)).toEqual([true, false, true]);
    expect((await all.open().survey()).status.data).toMatchObject({ health: { status: 'HEALTH_WARN' } });
    expect(await (await all.hosts.on('hv2')).isOsdRunning(1)).toBe(false);
  });

  test('a copy that is aborted leaves nothing', async () => {
    const all = await simulated({ copyMs: 20 });
    await all.open().createPool({ name: 'vms', pgs: 8, copies: 3, minCopies: 2 });
    await all.open().createVolume({ pool: 'vms', volume: 'v' }, 1000);
    const before = all.snapshot();
    const abort = new AbortController();
    const ceph = all.open({ signal: abort.signal, onProgress: () => abort.abort(new Error('enough')) });
    await expect(ceph.copyVolume({ pool: 'vms', volume: 'v' }, { pool: 'vms', volume: 'w' })).rejects.toThrow('enough');
    expect(all.snapshot()).toEqual(before);
  });
});
