// What takes a part of the storage away or overwrites it, against who comes to have that part or starts on it: whichever comes first, held
// wherever it may stand still, the end is that of one after the other. And what no lock holds off, the store refuses.
import { expect, it } from 'vitest';
import type { JobRecord, Opcode } from '../../schemas/job.js';
import type { Ceph, CephMethod } from '../../workers/drivers/ceph.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { rbdDisk } from '../cluster/sample-vm.js';
import { plainDomainXml } from '../drivers/plain-domain-xml.js';
import { startCluster } from '../harness/cluster.js';
import { addGuest, newGuest, type Guest } from '../harness/guests.js';
import type { WorkerOptions } from '../harness/hired-worker.js';
import { intervene, type Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { standstill } from '../harness/standstill.js';
import { GIB, putPool, putVolume } from '../harness/storage.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();
const DATA = { pool: 'vms', volume: 'data' };
const S1 = { ...DATA, snapshot: 's1' };

interface Taking {
  op: Opcode;
  /** What a VM's disk names that stands in its way. */
  disk: string;
  /** The command of Ceph's that does it. */
  method: CephMethod;
  /** It minds only VMs that run. */
  mindsRunning?: boolean;
}

const TAKINGS: readonly Taking[] = [
  { op: { OP_ID: 'OP_VOLUME_REMOVE', ...DATA }, disk: 'vms/data', method: 'removeVolume' },
  { op: { OP_ID: 'OP_VOLUME_RENAME', ...DATA, new_name: 'new' }, disk: 'vms/data', method: 'renameVolume' },
  { op: { OP_ID: 'OP_SNAPSHOT_REMOVE', ...S1 }, disk: 'vms/data@s1', method: 'removeSnapshot' },
  { op: { OP_ID: 'OP_SNAPSHOT_RENAME', ...S1, new_name: 's9' }, disk: 'vms/data@s1', method: 'renameSnapshot' },
  { op: { OP_ID: 'OP_POOL_REMOVE', pool: 'vms', yes_i_really_mean_it: true }, disk: 'vms/data', method: 'removePool' },
  { op: { OP_ID: 'OP_SNAPSHOT_ROLLBACK', ...S1 }, disk: 'vms/data', method: 'rollbackVolume', mindsRunning: true },
  { op: { OP_ID: 'OP_VOLUME_RESIZE', ...DATA, size: '1G', shrink: true }, disk: 'vms/data', method: 'resizeVolume', mindsRunning: true },
];
const named = TAKINGS.map((taking) => ({ ...taking, title: taking.op.OP_ID }));

const rbd = (name: string) =>
  `<disk type='network' device='disk'><source protocol='rbd' name='${name}'/><target dev='vda' bus='virtio'/></disk>`;

/** With a volume of 2 GiB with a snapshot, and a worker whose job can be held. */
async function stage() {
  const cluster = await startCluster({ redisUrl: redis().url });
  await putPool(cluster, 'vms');
  await putVolume(cluster, 'vms', 'data', 2 * GIB, ['s1']);
  const wrapped = intervene(opcodes);
  const statusOf = async (job: number) => (await cluster.desk.read(job))?.status;
  const define = (guest: Guest, name: string): Opcode => ({
    OP_ID: 'OP_VM_DEFINE',
    xml: plainDomainXml('kvm', { ...guest, acpi: true, vcpus: 1 }, { memoryMib: 64, devices: rbd(name) }),
    node: 'hv1',
  });
  return {
    ...cluster,
    interventions: wrapped.in,
    addWorker: (options: Partial<WorkerOptions> = {}) => cluster.addWorker({ opcodes: wrapped.opcodes, ...options }),
    define,
    /** The job, standing at that moment. */
    async held(op: Opcode, at: Moment, hold: () => Promise<void>): Promise<number> {
      const job = await cluster.submit(op);
      wrapped.in.set(job, { at: { [at]: hold } });
      return job;
    },
    waits: (job: number) => expect.poll(() => statusOf(job), { timeout: patience(20_000) }).toBe('waiting'),
    marks: async () => await cluster.store.children('/storage-marks'),
    /** A Ceph whose one command stands still before its effect. */
    holding:
      (method: CephMethod, hold: () => Promise<void>): WorkerOptions['ceph'] =>
      (context) => {
        const ceph = cluster.ceph.open(context);
        const act = ceph[method] as (...given: unknown[]) => Promise<unknown>;
        const held = async (...given: unknown[]) => {
          await hold();
          return await act(...given);
        };
        return { ...ceph, ...({ [method]: held } as Partial<Ceph>) };
      },
  };
}

const outcomeOf = ({ status, opresult }: JobRecord) => (status === 'success' ? status : opresult[0]);
const refusedOnce = (kind: 'OpPrereqError' | 'OpExecError', text: RegExp) => [kind, [expect.stringMatching(text), 'wrong_state']];

it.each(named.flatMap((taking) => (['before', 'after'] as const).map((when) => ({ ...taking, when }))))(
  '$title holds off who comes to have the part, held $when its first step',
  async ({ op, disk, when }) => {
    const { held, waits, submit, end, define, addWorker, vms, marks } = await stage();
    const { hold, arrival, letGo } = standstill('never');
    const taking = await held(op, `run 0 ${when}`, hold);
    await addWorker();
    await arrival;
    const guest = newGuest('web1');
    const defining = await submit(define(guest, disk));
    await waits(defining);
    expect(await vms.find(guest.uuid)).toBeUndefined();
    letGo();
    expect([outcomeOf(await end(taking)), outcomeOf(await end(defining))]).toEqual(['success', 'success']);
    expect(await marks()).toEqual([]);
  },
);

it.each(named)('$title sees who is just being given the part', async ({ op, disk, mindsRunning = false }) => {
  const { held, waits, submit, end, define, addWorker, ceph, storage, marks } = await stage();
  const { hold, arrival, letGo } = standstill('never');
  const defining = await held(define(newGuest('web1'), disk), 'run 0 before', hold);
  await addWorker();
  await arrival;
  const taking = await submit(op);
  await waits(taking);
  const before = ceph.snapshot();
  letGo();
  expect(outcomeOf(await end(defining))).toBe('success');
  expect(outcomeOf(await end(taking))).toEqual(mindsRunning ? 'success' : refusedOnce('OpPrereqError', /of VM "web1"/));
  if (mindsRunning) return;
  expect(ceph.snapshot()).toEqual(before);
  expect((await storage.volumes.get('vms/data')).snapshots.map(({ name }) => name)).toEqual(['s1']);
  expect(await marks()).toEqual([]);
});

it.each(named)('$title does nothing to what a VM has come to have under no lock', async ({ op, disk, mindsRunning = false }) => {
  const { held, end, addWorker, vms, world, snapshot } = await stage();
  const guest = newGuest('web1');
  let before: unknown;
  const come = async () => {
    await addGuest({ vms, world }, guest, { state: mindsRunning ? 'start' : 'stop' });
    await vms.update(guest.uuid, (document) => ({ ...document, disks: [rbdDisk(disk)] }));
    before = await snapshot();
  };
  const taking = await held(op, 'run 0 before', come);
  await addWorker();
  expect(outcomeOf(await end(taking))).toEqual(refusedOnce('OpExecError', /of VM "web1"/));
  expect(await snapshot()).toEqual(before);
});

it.each(named)('$title has the store refuse under no lock who comes while Ceph is at it, also after its worker died', async (taking) => {
  const { submit, end, addWorker, holding, vms, world, marks } = await stage();
  const { hold, arrival, letGo } = standstill('never');
  const stopped = newGuest('web1');
  await addGuest({ vms, world }, stopped);
  const job = await submit(taking.op);
  const doomed = await addWorker({ ceph: holding(taking.method, hold) });
  await arrival;
  const coming = async () =>
    await vms
      .update(stopped.uuid, (document) => ({ ...document, disks: [rbdDisk(taking.disk)] }))
      .then(
        ({ disks }) => disks.length,
        (error: unknown) => error,
      );
  const refused = { errorClass: 'wrong_state', message: expect.stringMatching(new RegExp(`is being .* by job ${job}$`)) };
  expect(await coming()).toMatchObject(refused);
  expect(await marks()).toHaveLength(1);
  await doomed.die();
  expect(await coming()).toMatchObject(refused);
  await addWorker();
  expect(outcomeOf(await end(job))).toBe('success');
  expect(await marks()).toEqual([]);
  expect(await coming()).toBe(1);
  letGo();
});

it.each(named.filter(({ mindsRunning }) => mindsRunning))('$title and a start on the volume go one after the other', async ({ op }) => {
  const { held, waits, submit, end, addWorker, vms, world, ceph } = await stage();
  const [first, second] = [newGuest('web1'), newGuest('web2')];
  for (const guest of [first, second]) {
    await addGuest({ vms, world }, guest);
    await vms.update(guest.uuid, (document) => ({ ...document, disks: [rbdDisk('vms/data')] }));
  }
  const start = (guest: Guest) => ({ OP_ID: 'OP_VM_START', vm: guest.name });
  const running = () =>
    Object.values(world.snapshot())
      .flat()
      .filter((domain) => domain.running !== null).length;

  const [over, under] = [standstill('never'), standstill('never')];
  const taking = await held(op, 'run 0 before', over.hold);
  const worker = await addWorker();
  await over.arrival;
  const starting = await submit(start(first));
  await waits(starting);
  expect(running()).toBe(0);
  over.letGo();
  expect([outcomeOf(await end(taking)), outcomeOf(await end(starting))]).toEqual(['success', 'success']);
  await worker.close();

  const late = await held(start(second), 'run 0 before', under.hold);
  await addWorker();
  await under.arrival;
  const after = ceph.snapshot();
  const again = await submit({ ...op, ...(op.OP_ID === 'OP_VOLUME_RESIZE' ? { size: GIB / 2 } : {}) });
  await waits(again);
  under.letGo();
  expect(outcomeOf(await end(late))).toBe('success');
  expect(outcomeOf(await end(again))).toEqual(refusedOnce('OpPrereqError', /is a disk of VMs "web1", "web2", which must be stopped/));
  expect(ceph.snapshot()).toEqual(after);
});

it('what a job that could not end has marked is refused by its name, until the next one is through', async () => {
  const { storage, run, define, addWorker, marks, vms, world } = await stage();
  const stopped = newGuest('web2');
  await addGuest({ vms, world }, stopped);
  await vms.update(stopped.uuid, (document) => ({ ...document, disks: [rbdDisk('vms/data')] }));
  const start = { OP_ID: 'OP_VM_START', vm: stopped.uuid };
  await storage.users.mark('vms/data', { job: 7777, what: 'rolled back' });
  await addWorker();
  const refused = ['OpPrereqError', ['volume "vms/data" is being rolled back by job 7777', 'wrong_state']];
  expect(outcomeOf(await run(define(newGuest('web1'), 'vms/data')))).toEqual(refused);
  expect(outcomeOf(await run(start))).toEqual(refused);
  expect((await vms.get(stopped.uuid)).state).toBe('stop');
  expect(outcomeOf(await run({ OP_ID: 'OP_SNAPSHOT_ROLLBACK', ...S1 }))).toBe('success');
  expect(await marks()).toEqual([]);
  expect(outcomeOf(await run(define(newGuest('web1'), 'vms/data')))).toBe('success');
  expect(outcomeOf(await run(start))).toBe('success');
});

it('no VM starts on a volume that is marked between the check of its start and its first step', async () => {
  const { storage, held, end, addWorker, vms, world } = await stage();
  const stopped = newGuest('web2');
  await addGuest({ vms, world }, stopped);
  await vms.update(stopped.uuid, (document) => ({ ...document, disks: [rbdDisk('vms/data')] }));
  const mark = async () => await storage.users.mark('vms/data', { job: 7777, what: 'made smaller' });
  const starting = await held({ OP_ID: 'OP_VM_START', vm: stopped.uuid }, 'run 0 before', mark);
  await addWorker();
  expect(outcomeOf(await end(starting))).toEqual(['OpPrereqError', ['volume "vms/data" is being made smaller by job 7777', 'wrong_state']]);
  expect(Object.values(world.snapshot()).flat()).toEqual([]);
});
