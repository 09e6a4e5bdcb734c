// The cluster and Ceph compared: every kind of difference is told, and only what is named is settled.
import { expect, it } from 'vitest';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster } from '../harness/cluster.js';
import { intervene } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { GIB, putPool, putVolume } from '../harness/storage.js';

const redis = redisForFile();

/** Where everything differs that can. */
async function drifted() {
  const cluster = await startCluster({ redisUrl: redis().url, nodes: ['hv1', 'hv2', 'hv3'] });
  const { ceph, storage } = cluster;
  const open = ceph.open();
  await putPool(cluster, 'vms');
  for (const volume of ['same', 'lost', 'grown']) await putVolume(cluster, 'vms', volume, GIB, ['s1']);
  await open.removeSnapshot({ pool: 'vms', volume: 'lost', snapshot: 's1' });
  await open.removeVolume({ pool: 'vms', volume: 'lost' });
  await open.resizeVolume({ pool: 'vms', volume: 'grown' }, 2 * GIB);
  await open.createVolume({ pool: 'vms', volume: 'alien' }, GIB);
  await open.createSnapshot({ pool: 'vms', volume: 'alien', snapshot: 's1' });
  await open.removeSnapshot({ pool: 'vms', volume: 'same', snapshot: 's1' });
  await open.createSnapshot({ pool: 'vms', volume: 'same', snapshot: 's2' });
  await putPool(cluster, 'lost');
  await putVolume(cluster, 'lost', 'v1');
  await open.removePool('lost');
  await open.createPool({ name: 'alien', pgs: 8, copies: 2, minCopies: 1 });
  await open.createVolume({ pool: 'alien', volume: 'v1' }, GIB);
  await storage.pools.update('vms', (pool) => ({ ...pool, pgs: 16 }));
  const [first, second] = await open.osds();
  const known = { node: 'hv1', device: '/dev/sdb', added_by: 1 };
  await storage.osds.create({ ...known, id: 0, fsid: first?.fsid ?? '' });
  await storage.osds.create({ ...known, id: 1, fsid: second?.fsid ?? '' });
  await storage.osds.create({ ...known, id: 9, fsid: 'gone' });
  return cluster;
}

const DRIFT: [thing: string, difference: string, detail: RegExp][] = [
  ['osd/1', 'differs', /^node: hv2 in Ceph, known as hv1$/],
  ['osd/2', 'unknown', /^$/],
  ['osd/9', 'missing', /^$/],
  ['pool/alien', 'unknown', /^$/],
  ['pool/lost', 'missing', /^$/],
  ['pool/vms', 'differs', /^pgs: 8 in Ceph, known as 16$/],
  ['snapshot/vms/same@s1', 'missing', /^$/],
  ['snapshot/vms/same@s2', 'unknown', /^$/],
  ['volume/alien/v1', 'unknown', /^$/],
  ['volume/lost/v1', 'missing', /^$/],
  ['volume/vms/alien', 'unknown', /^$/],
  ['volume/vms/grown', 'differs', /^size in bytes: 2147483648 in Ceph, known as 1073741824$/],
  ['volume/vms/lost', 'missing', /^$/],
];
const told = (done: (thing: string, difference: string) => string) => [
  {
    drift: DRIFT.map(([thing, difference, detail]) => ({
      thing,
      difference,
      detail: expect.stringMatching(detail),
      done: done(thing, difference),
    })),
  },
];

it('tells every difference, and changes nothing unless it is asked to', async () => {
  const { run, addWorker, snapshot } = await drifted();
  await addWorker();
  const before = await snapshot();
  expect(await run({ OP_ID: 'OP_STORAGE_VERIFY' })).toMatchObject({ status: 'success', opresult: told(() => 'nothing') });
  expect(await snapshot()).toEqual(before);
});

it('adopts and drops everything, and finds nothing afterwards', async () => {
  const { run, addWorker, snapshot, storage } = await drifted();
  await addWorker();
  const before = await snapshot();
  const record = await run({ OP_ID: 'OP_STORAGE_VERIFY', adopt: true, drop: true });
  const settled = told((_thing, difference) => (difference === 'missing' ? 'dropped' : 'adopted'));
  expect(record).toMatchObject({ status: 'success', opresult: settled });
  expect((await snapshot()).ceph).toEqual(before.ceph);
  expect((await run({ OP_ID: 'OP_STORAGE_VERIFY', adopt: true, drop: true })).opresult).toEqual([{ drift: [] }]);
  // What only the OSD's node knows was asked of it.
  expect(await storage.osds.get('2')).toMatchObject({ node: 'hv3', device: '/dev/sdb', added_by: record.id });
  expect(await storage.osds.get('1')).toMatchObject({ node: 'hv2', device: '/dev/sdb', added_by: 1 });
  expect(await storage.volumes.get('vms/alien')).toMatchObject({
    size_bytes: GIB,
    added_by: record.id,
    snapshots: [{ name: 's1', added_by: record.id }],
  });
  expect((await storage.volumes.get('vms/same')).snapshots.map(({ name }) => name)).toEqual(['s2']);
});

it('settles only what is named; a pool goes with its volumes', async () => {
  const { run, addWorker } = await drifted();
  await addWorker();
  const alone = await run({ OP_ID: 'OP_STORAGE_VERIFY', adopt: ['volume/alien/v1'] });
  expect(alone.opresult).toEqual([['OpPrereqError', [expect.stringMatching(/without "pool\/alien"/), 'unknown_entity']]]);
  const [adopt, drop] = [['pool/alien', 'volume/vms/grown'], ['pool/lost']];
  const record = await run({ OP_ID: 'OP_STORAGE_VERIFY', adopt, drop });
  const done = (thing: string) => (adopt.includes(thing) ? 'adopted' : /^(pool\/lost|volume\/lost)/.test(thing) ? 'dropped' : 'nothing');
  expect(record).toMatchObject({ status: 'success', opresult: told(done) });
  const again = (await run({ OP_ID: 'OP_STORAGE_VERIFY' })).opresult[0] as { drift: { thing: string }[] };
  expect(again.drift.map(({ thing }) => thing)).toEqual(DRIFT.map(([thing]) => thing).filter((thing) => done(thing) === 'nothing'));
});

it.each(['osds', 'pools', 'volumes', 'volume', 'snapshots'] as const)(
  'settles nothing when Ceph does not answer to all: %s',
  async (method) => {
    const { run, addWorker, snapshot, ceph } = await drifted();
    await addWorker();
    const before = await snapshot();
    ceph.failNext(method, new ClassifiedError('environment_error', 'ceph gave no answer within 60 s'));
    const record = await run({ OP_ID: 'OP_STORAGE_VERIFY', adopt: true, drop: true });
    expect(record.opresult).toEqual([['OpPrereqError', ['ceph gave no answer within 60 s', 'environment_error']]]);
    expect(await snapshot()).toEqual(before);
  },
);

it('does not believe a Ceph without any OSD', async () => {
  const { run, addWorker, snapshot, ceph } = await drifted();
  await addWorker();
  const open = ceph.open();
  for (const { id } of await open.osds()) {
    await ceph.crashOsd(id);
    await open.purgeOsd(id);
  }
  expect((await open.survey()).status.text).toContain('HEALTH_WARN');
  const before = await snapshot();
  const record = await run({ OP_ID: 'OP_STORAGE_VERIFY', drop: true });
  expect(record.opresult).toEqual([['OpPrereqError', [expect.stringContaining('no OSD at all'), 'environment_error']]]);
  expect(await snapshot()).toEqual(before);
});

it('writes only what differed, and nothing that is not as it was compared any more', async () => {
  const { submit, end, addWorker, storage } = await drifted();
  const wrapped = intervene(opcodes);
  const settle = (adopt: string[]) => submit({ OP_ID: 'OP_STORAGE_VERIFY', adopt });
  const [kept, refused] = [await settle(['volume/vms/grown']), await settle(['pool/vms'])];
  const elsewhere = async () => void (await storage.volumes.update('vms/grown', (document) => ({ ...document, features: ['new'] })));
  wrapped.in.set(kept, { at: { 'run 0 before': elsewhere }, twice: true });
  const otherwise = async () => void (await storage.pools.update('vms', (document) => ({ ...document, pgs: 32 })));
  wrapped.in.set(refused, { at: { 'run 0 before': otherwise }, twice: true });
  await addWorker({ opcodes: wrapped.opcodes });
  expect(await end(kept)).toMatchObject({ status: 'success' });
  expect(await storage.volumes.get('vms/grown')).toMatchObject({ size_bytes: 2 * GIB, features: ['new'] });
  const text = '"vms" has changed since it was compared: pgs';
  expect((await end(refused)).opresult).toEqual([['OpExecError', [text, 'wrong_state']]]);
  expect(await storage.pools.get('vms')).toMatchObject({ pgs: 32 });
});
