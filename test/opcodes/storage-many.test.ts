// Many at once, and a worker that dies between Ceph and the cluster's state: exactly what was asked for is there, in both.
import { expect, it } from 'vitest';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { intervene } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { standstill } from '../harness/standstill.js';
import { GIB, putPool, putVolume } from '../harness/storage.js';

const redis = redisForFile();
const names = (count: number) => Array.from({ length: count }, (_, index) => `v${String(index).padStart(2, '0')}`);
const volumesIn = async ({ ceph, storage }: TestCluster) => ({
  ceph: (await ceph.open().volumes('vms')).map(({ volume }) => volume),
  cluster: (await storage.volumesOf('vms')).map((spec) => spec.replace('vms/', '')),
});

it('makes 50 volumes for 10 clients, once each', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  await putPool(cluster, 'vms');
  await cluster.addWorker();
  await cluster.addWorker();
  const wanted = names(50);
  const client = async (_: unknown, number: number) =>
    await Promise.all(
      wanted.slice(number * 5, number * 5 + 5).map((volume) => cluster.run({ OP_ID: 'OP_VOLUME_ADD', pool: 'vms', volume, size: '1G' })),
    );
  const records = (await Promise.all(Array.from({ length: 10 }, client))).flat();
  expect(new Set(records.map(({ status }) => status))).toEqual(new Set(['success']));
  expect(await volumesIn(cluster)).toEqual({ ceph: wanted, cluster: wanted });
});

it('makes one volume when ten clients want the same', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  await putPool(cluster, 'vms');
  await cluster.addWorker();
  await cluster.addWorker();
  const op = { OP_ID: 'OP_VOLUME_ADD', pool: 'vms', volume: 'v', size: '1G' };
  const records = await Promise.all(Array.from({ length: 10 }, () => cluster.run(op)));
  const results = records.map(({ opresult }) => JSON.stringify(opresult));
  expect(results.filter((text) => text.includes('size_bytes'))).toHaveLength(1);
  expect(results.filter((text) => text.includes('already_exists'))).toHaveLength(9);
  expect(await volumesIn(cluster)).toEqual({ ceph: ['v'], cluster: ['v'] });
});

it('takes and removes snapshots, and removes volumes, side by side', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  await putPool(cluster, 'vms');
  for (const volume of names(4)) await putVolume(cluster, 'vms', volume, GIB, ['old']);
  await cluster.addWorker();
  const of = (volume: string) => ({ pool: 'vms', volume });
  const ops = names(4).flatMap((volume) => [
    ...names(5).map((snapshot) => ({ OP_ID: 'OP_SNAPSHOT_ADD', ...of(volume), snapshot })),
    { OP_ID: 'OP_SNAPSHOT_REMOVE', ...of(volume), snapshot: 'old' },
  ]);
  const records = await Promise.all(ops.map((op) => cluster.run(op)));
  expect(new Set(records.map(({ status }) => status))).toEqual(new Set(['success']));
  for (const volume of names(4)) {
    const inCeph = (await cluster.ceph.open().snapshots(of(volume))).map(({ snapshot }) => snapshot);
    expect(inCeph.toSorted()).toEqual(names(5));
    const { snapshots } = await cluster.storage.volumes.get(`vms/${volume}`);
    expect(snapshots.map(({ name }) => name).toSorted()).toEqual(names(5));
  }
  await Promise.all(names(4).map((volume) => cluster.run({ OP_ID: 'OP_VOLUME_REMOVE', ...of(volume) })));
  expect(await volumesIn(cluster)).toEqual({ ceph: [], cluster: [] });
});

it('knows its own volume again when the worker that made it died before it was written down', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  await putPool(cluster, 'vms');
  const wrapped = intervene(opcodes);
  const job = await cluster.submit({ OP_ID: 'OP_VOLUME_ADD', pool: 'vms', volume: 'v', size: '1G' });
  const { hold, letGo, arrival } = standstill();
  wrapped.in.set(job, { at: { 'run 0 after': hold } });
  const doomed = await cluster.addWorker({ opcodes: wrapped.opcodes });
  await arrival;
  expect(await volumesIn(cluster)).toEqual({ ceph: ['v'], cluster: [] });
  const before = await cluster.ceph.open().volume({ pool: 'vms', volume: 'v' });
  await doomed.die();
  await cluster.addWorker();
  expect(await cluster.end(job)).toMatchObject({ status: 'success', opresult: [{ pool: 'vms', volume: 'v', size_bytes: GIB }] });
  expect(await cluster.storage.volumes.get('vms/v')).toMatchObject({ id: before?.id, added_by: job });
  letGo();
});

it('leaves a volume alone that somebody else was faster with', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  await putPool(cluster, 'vms');
  const wrapped = intervene(opcodes);
  const job = await cluster.submit({ OP_ID: 'OP_VOLUME_ADD', pool: 'vms', volume: 'v', size: '1G' });
  const faster = async () => await cluster.ceph.open().createVolume({ pool: 'vms', volume: 'v' }, 2 * GIB);
  wrapped.in.set(job, { at: { 'run 0 before': faster } });
  await cluster.addWorker({ opcodes: wrapped.opcodes });
  expect((await cluster.end(job)).opresult).toEqual([['OpExecError', ['volume "vms/v" exists already', 'already_exists']]]);
  expect(await volumesIn(cluster)).toEqual({ ceph: ['v'], cluster: [] });
});
