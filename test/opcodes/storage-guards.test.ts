// Each step of the storage guards itself: it looks at what is there right before it acts, and takes back only what it finds done. And what
// it costs to know who has a volume does not grow with the VMs that have others.
import { expect, it } from 'vitest';
import type { JobRecord, Opcode } from '../../schemas/job.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { rbdDisk, vmDocument } from '../cluster/sample-vm.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { addGuest, newGuest } from '../harness/guests.js';
import { intervene, type Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { standstill } from '../harness/standstill.js';
import { GIB, putPool, putVolume } from '../harness/storage.js';

const redis = redisForFile();
const DATA = { pool: 'vms', volume: 'data' };
const resize = (size: string, more = {}): Opcode => ({ OP_ID: 'OP_VOLUME_RESIZE', ...DATA, size, ...more });

async function stage(sizeBytes = 10 * GIB) {
  const cluster = await startCluster({ redisUrl: redis().url });
  await putPool(cluster, 'vms');
  await putVolume(cluster, 'vms', 'data', sizeBytes, ['s1']);
  const wrapped = intervene(opcodes);
  return {
    ...cluster,
    addWorker: (more = {}) => cluster.addWorker({ opcodes: wrapped.opcodes, ...more }),
    /** One that nothing holds up. */
    addSuccessor: () => cluster.addWorker(),
    async submitWith(op: Opcode, at: Partial<Record<Moment, () => Promise<void>>>) {
      const job = await cluster.submit(op);
      wrapped.in.set(job, { at });
      return job;
    },
    sizeOf: async () => ((await cluster.ceph.open().volume(DATA))?.sizeBytes ?? 0) / GIB,
  };
}

const outcomeOf = ({ status, opresult }: JobRecord) => (status === 'error' ? opresult[0] : status);
const fail = async () => {
  throw new ClassifiedError('environment_error', 'as planned');
};
const FAILED = ['OpExecError', ['as planned', 'environment_error']];

/** Where a job stands while its worker dies; at the end of the test it must be let go, and fails. */
function deathbed() {
  const { hold, arrival, letGo } = standstill('never');
  return { arrival, letGo, stay: async () => await hold().then(fail) };
}

it('a volume grows twice, one after the other, though the worker of the first dies', async () => {
  const { addWorker, addSuccessor, submitWith, submit, end, sizeOf } = await stage();
  const { arrival, stay, letGo } = deathbed();
  const first = await submitWith(resize('20G'), { 'run 0 before': stay });
  const doomed = await addWorker({ openJobs: 1 });
  await arrival;
  const second = await submit(resize('40G'));
  await addSuccessor();
  await doomed.die();
  expect((await end(first)).opresult).toEqual([{ ...DATA, size_bytes: 20 * GIB }]);
  expect((await end(second)).opresult).toEqual([{ ...DATA, size_bytes: 40 * GIB }]);
  expect(await sizeOf()).toBe(40);
  letGo();
});

it('a resize that is cancelled while nobody runs it takes back nothing that it has not done', async () => {
  const { addWorker, addSuccessor, submitWith, submit, end, desk, sizeOf } = await stage();
  const { arrival, stay, letGo } = deathbed();
  const first = await submitWith(resize('20G'), { 'run 0 before': stay });
  const doomed = await addWorker({ openJobs: 1 });
  await arrival;
  const second = await submit(resize('40G'));
  await doomed.die();
  await desk.cancel(first, 0);
  await addSuccessor();
  expect((await end(first)).status).toBe('canceled');
  expect((await end(second)).opresult).toEqual([{ ...DATA, size_bytes: 40 * GIB }]);
  expect(await sizeOf()).toBe(40);
  letGo();
});

it.each([
  ['20G', {}],
  ['5G', { shrink: true }],
])('a resize to %s leaves a volume alone whose size another has changed', async (size, more) => {
  const { addWorker, submitWith, end, ceph, sizeOf } = await stage();
  const byHand = async () => await ceph.open().resizeVolume(DATA, 15 * GIB);
  const changed = async () => {
    await ceph.open().resizeVolume(DATA, 17 * GIB, { allowShrink: true });
    await fail();
  };
  const ahead = await submitWith(resize(size, more), { 'run 0 before': byHand });
  const undone = await submitWith(resize('30G'), { 'run 0 before': async () => expect(await sizeOf()).toBe(15), 'run 1 before': changed });
  await addWorker();
  const text = `volume "vms/data" has ${15 * GIB} bytes by now, and had ${10 * GIB}: it is not resized`;
  expect(outcomeOf(await end(ahead))).toEqual(['OpExecError', [text, 'wrong_state']]);
  expect(outcomeOf(await end(undone))).toEqual(FAILED);
  expect(await sizeOf()).toBe(17);
});

it('no snapshot goes of a volume that cannot go', async () => {
  const { addWorker, submitWith, end, ceph, snapshot } = await stage();
  const protect = async () => await ceph.setProtected({ ...DATA, snapshot: 's2' }, true);
  await ceph.open().createSnapshot({ ...DATA, snapshot: 's2' });
  const removal = await submitWith({ OP_ID: 'OP_VOLUME_REMOVE', ...DATA }, { 'run 0 before': protect });
  await addWorker();
  expect(outcomeOf(await end(removal))).toEqual(['OpExecError', ['snapshot "vms/data@s2" is protected', 'wrong_state']]);
  expect((await ceph.open().snapshots(DATA)).map((each) => each.snapshot)).toEqual(['s1', 's2']);
  expect(Object.keys((await snapshot()).kept).filter((path) => path.startsWith('/storage-'))).toEqual([]);
});

it.each<[string, Record<string, unknown>]>([
  ['OP_VOLUME_REMOVE', {}],
  ['OP_VOLUME_RENAME', { new_name: 'new' }],
  ['OP_SNAPSHOT_REMOVE', { snapshot: 's1' }],
  ['OP_SNAPSHOT_RENAME', { snapshot: 's1', new_name: 's2' }],
  ['OP_SNAPSHOT_ROLLBACK', { snapshot: 's1' }],
])('%s does nothing to another one that has the name by now', async (id, more) => {
  const { addWorker, submitWith, end, ceph } = await stage();
  const exchange = async () => {
    const open = ceph.open();
    await open.removeSnapshot({ ...DATA, snapshot: 's1' });
    await open.removeVolume(DATA);
    await open.createVolume(DATA, 3 * GIB);
    await open.createSnapshot({ ...DATA, snapshot: 's1' });
  };
  const job = await submitWith({ OP_ID: id, ...DATA, ...more }, { 'run 0 before': exchange });
  await addWorker();
  expect(outcomeOf(await end(job))).toEqual(['OpExecError', [expect.stringContaining('is another one by now'), 'wrong_state']]);
  expect(await ceph.open().volume(DATA)).toMatchObject({ sizeBytes: 3 * GIB, snapshotCount: 1 });
});

it('what was made and has another owner by now stays when the job fails', async () => {
  const { addWorker, submitWith, end, ceph, storage } = await stage();
  const takeOver = async () => {
    await storage.volumes.update('vms/data', (document) => ({
      ...document,
      snapshots: [...document.snapshots, { ...s3, added_by: 7777 }],
    }));
    await fail();
  };
  const s3 = { name: 's3', id: 99, size_bytes: GIB, protected: false, created: '' };
  const job = await submitWith({ OP_ID: 'OP_SNAPSHOT_ADD', ...DATA, snapshot: 's3' }, { 'run 0 after': takeOver });
  await addWorker();
  expect(outcomeOf(await end(job))).toEqual(FAILED);
  expect((await ceph.open().snapshots(DATA)).map(({ snapshot }) => snapshot)).toEqual(['s1', 's3']);
});

it('a guest is told only the size that its disk has', async () => {
  const { addWorker, submitWith, end, ceph, vms, world } = await stage();
  const guest = newGuest('web1');
  await addGuest({ vms, world }, guest, { state: 'start' });
  await vms.update(guest.uuid, (document) => ({ ...document, disks: [rbdDisk('vms/data')] }));
  const grown = async () => await ceph.open().resizeVolume(DATA, 50 * GIB);
  const job = await submitWith(resize('20G'), { 'run 2 before': grown });
  await addWorker();
  const record = await end(job);
  expect(record.status).toBe('success');
  expect(JSON.stringify(record.oplog)).toContain('has another size by now');
  const running = world.snapshot()['hv1']?.[0]?.running;
  expect([running === null, running?.toldBytes]).toEqual([false, undefined]);
});

/** What a worker asked the store for while it ran these, without what its mirror follows. */
async function readsWith(others: number, prepare: (cluster: TestCluster) => Promise<Opcode[]>): Promise<string[]> {
  const cluster = await stage(GIB);
  for (let index = 0; index < others; index++) await cluster.vms.create(vmDocument(`other-${index}`, [rbdDisk(`vms/other-${index}`)]));
  const ops = await prepare(cluster);
  const worker = await cluster.addWorker();
  const asked: string[] = [];
  const { session } = worker;
  const { get, children } = session;
  session.get = async (path, onChange) => {
    if (/^\/(vms|vm-names|volumes|pools|storage-)/.test(path)) asked.push(path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, 'UUID'));
    return await get.call(session, path, onChange);
  };
  session.children = async (path, onChange) => {
    if (/^\/(vms|volumes|storage-)/.test(path) && onChange === undefined) asked.push(`${path}/`);
    return await children.call(session, path, onChange);
  };
  const ends: string[] = [];
  for (const op of ops) ends.push(`${op.OP_ID} ${(await cluster.run(op)).status}`);
  // A volume that a VM has, and the pool that holds those of the others.
  expect(ends.filter((end) => !end.endsWith('success'))).toEqual(['OP_VOLUME_REMOVE error', 'OP_POOL_REMOVE error']);
  return asked.toSorted();
}

it('what is asked of the store does not grow with the VMs that have other volumes', async () => {
  const prepare = async ({ vms, world, ceph, storage }: TestCluster) => {
    const guest = newGuest('web1');
    await addGuest({ vms, world }, guest);
    await vms.update(guest.uuid, (document) => ({ ...document, disks: [rbdDisk('vms/data')] }));
    await putVolume({ ceph, storage }, 'vms', 'free', GIB, ['s1']);
    const [free, s1] = [
      { pool: 'vms', volume: 'free' },
      { ...DATA, snapshot: 's1' },
    ];
    return [
      resize('2G'),
      { OP_ID: 'OP_SNAPSHOT_ROLLBACK', ...s1 },
      { OP_ID: 'OP_SNAPSHOT_RENAME', ...s1, new_name: 's2' },
      { OP_ID: 'OP_SNAPSHOT_REMOVE', ...DATA, snapshot: 's2' },
      { OP_ID: 'OP_VOLUME_REMOVE', ...DATA },
      { OP_ID: 'OP_VOLUME_RENAME', ...free, new_name: 'freed' },
      { OP_ID: 'OP_VOLUME_REMOVE', pool: 'vms', volume: 'freed' },
      { OP_ID: 'OP_VM_UNDEFINE', vm: 'web1', delete_disks: true },
      { OP_ID: 'OP_POOL_REMOVE', pool: 'vms', yes_i_really_mean_it: true },
    ];
  };
  const few = await readsWith(10, prepare);
  expect(few.length).toBeGreaterThan(20);
  expect(few).not.toContain('/vms/');
  expect(await readsWith(1000, prepare)).toEqual(few);
});
