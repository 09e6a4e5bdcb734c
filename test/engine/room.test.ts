// Room on a node is reserved before a guest is brought there: however many ask at once, and wherever each of them stands, the guests of a node
// never have more memory than the node.
import { expect, it } from 'vitest';
import { CLAIMS, sumOf, type Ledger } from '../../src/cluster/claims.js';
import { mirrorCluster } from '../../src/cluster/cluster-mirror.js';
import { reportNode } from '../../src/cluster/node-documents.js';
import type { JobRecord, Opcode } from '../../schemas/job.js';
import type { StepContext } from '../../workers/engine/opcode.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { addAgent } from '../harness/agent.js';
import { nodeReport, startCluster } from '../harness/cluster.js';
import { addGuest, guestXml, newGuest, type Guest, type GuestWish } from '../harness/guests.js';
import { intervene, type Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { runsOn } from '../harness/runs-on.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

const SOON = { timeout: patience(30_000) };

/** A cluster whose nodes say that they have so much memory; the simulated ones have more, so that nobody else counts. */
async function cluster(memoryMib: number, nodes = ['hv1', 'hv2']) {
  const started = await startCluster({ redisUrl: redis().url, nodes });
  for (const node of nodes) await reportNode(started.store, node, nodeReport({ memory_total: memoryMib }));
  const wrapped = intervene(opcodes);
  const { store, world, vms } = started;
  const ledger = async (node: string) => JSON.parse((await store.get(`${CLAIMS}/${node}`))?.data ?? '{}') as Ledger;
  return {
    ...started,
    addWorker: () => started.addWorker({ opcodes: wrapped.opcodes }),
    async guest(name: string, wish: GuestWish = {}): Promise<Guest> {
      const guest = newGuest(name);
      await addGuest(started, guest, wish);
      return guest;
    },
    /** Submits it, to be held there. Call it before there is a worker. */
    async held(op: Opcode, moment: Moment) {
      const job = await started.submit(op);
      let [arrive, letGo] = [() => {}, () => {}];
      const arrived = new Promise<void>((resolve) => void (arrive = resolve));
      const gone = new Promise<void>((resolve) => void (letGo = resolve));
      const gate = async ({ signal }: StepContext) => {
        arrive();
        const stopped = new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        });
        await Promise.race([gone, stopped]);
      };
      wrapped.in.set(job, { at: { [moment]: gate } });
      return { job, arrived, letGo: () => letGo(), cancel: async () => void (await started.desk.cancel(job, patience(20_000))) };
    },
    ledger,
    claimedMib: async (node: string) => sumOf(await ledger(node)).memory_mib,
    /** What the guests that run there really have. */
    usedMib: (node: string) => (world.snapshot()[node] ?? []).reduce((sum, { running }) => sum + (running?.memoryMib ?? 0), 0),
    stateOf: async ({ uuid }: Guest) => (await vms.get(uuid)).state,
  };
}

const start = ({ name }: Guest) => ({ OP_ID: 'OP_VM_START', vm: name });
const ended = ({ status, opresult }: JobRecord) => [status, opresult[0]];
const noRoom = (node: string) => [
  'error',
  ['OpPrereqError', [expect.stringMatching(new RegExp(`^node "${node}" has -?\\d+ MiB left, of the \\d+ MiB`)), 'insufficient_resources']],
];

it('lets one of two in where there is room for one, whoever asks when', async () => {
  const { addWorker, guest, held, submit, end, run, usedMib, claimedMib, stateOf } = await cluster(1000);
  const [a, b, c] = [await guest('a', { memoryMib: 600 }), await guest('b', { memoryMib: 600 }), await guest('c', { memoryMib: 600 })];
  const first = await held(start(a), 'run 0 before');
  await Promise.all([addWorker(), addWorker()]);
  await first.arrived;
  // That one has found room; another one takes it.
  expect(ended(await run(start(b)))[0]).toBe('success');
  first.letGo();
  expect(ended(await end(first.job))).toEqual(noRoom('hv1'));
  expect(await stateOf(a)).toBe('stop');
  const records = await Promise.all([await submit(start(a)), await submit(start(c))].map((job) => end(job)));
  expect(records.map(ended)).toEqual([noRoom('hv1'), noRoom('hv1')]);
  expect([usedMib('hv1'), await claimedMib('hv1')]).toEqual([600, 600]);
  // What ends gives its room back, with its state.
  expect((await run({ OP_ID: 'OP_VM_STOP', vm: 'b' })).status).toBe('success');
  expect(await claimedMib('hv1')).toBe(0);
  const both = await Promise.all([await submit(start(a)), await submit(start(c))].map((job) => end(job)));
  expect(both.map(({ status }) => status).toSorted()).toEqual(['error', 'success']);
  expect([usedMib('hv1'), await claimedMib('hv1')]).toEqual([600, 600]);
});

it('keeps the room of one that is about to start, and gives it back when that is undone', async () => {
  const { addWorker, guest, held, run, end, claimedMib, stateOf } = await cluster(1000);
  const [a, b] = [await guest('a', { memoryMib: 600 }), await guest('b', { memoryMib: 600 })];
  const first = await held(start(a), 'run 1 before');
  await addWorker();
  await first.arrived;
  expect(ended(await run(start(b)))).toEqual(noRoom('hv1'));
  expect(ended(await run(start(b), { dryRun: true }))).toEqual(noRoom('hv1'));
  await first.cancel();
  expect((await end(first.job)).status).toBe('canceled');
  expect([await stateOf(a), await claimedMib('hv1')]).toEqual(['stop', 0]);
  expect((await run(start(b))).status).toBe('success');
});

it('never overbooks a node that a hundred are started on at once', async () => {
  const { addWorker, guest, submit, end, usedMib, claimedMib, store } = await cluster(1000, ['hv1', 'hv2', 'hv3']);
  const guests = [];
  for (let index = 0; index < 100; index++) {
    guests.push(await guest(`web${index}`, { node: `hv${(index % 3) + 1}`, memoryMib: 50 + (index % 2) * 50 }));
  }
  const jobs = await Promise.all(guests.map((one) => submit(start(one))));
  await Promise.all([addWorker(), addWorker()]);
  const records = await Promise.all(jobs.map((job) => end(job)));
  for (const node of ['hv1', 'hv2', 'hv3']) {
    expect(usedMib(node)).toBe(await claimedMib(node));
    expect(usedMib(node)).toBeLessThanOrEqual(1000);
    expect(usedMib(node)).toBeGreaterThan(900);
  }
  for (const record of records.filter(({ status }) => status !== 'success')) expect(ended(record)).toEqual(noRoom('hv[123]'));
  const mirror = await mirrorCluster(store, () => undefined);
  for (const { name, memory } of mirror.nodes()) expect(memory.allocated).toBe(usedMib(name));
  mirror.close();
});

it('spreads a hundred that are created at once', async () => {
  const { addWorker, submit, end, vms } = await cluster(100_000, ['hv1', 'hv2', 'hv3']);
  const create = (name: string) => ({ OP_ID: 'OP_VM_CREATE', name, vcpus: 1, memory: 64, disks: [], nics: [] });
  const jobs = await Promise.all(Array.from({ length: 100 }, (_, index) => submit(create(`web${index}`))));
  await addWorker();
  for (const record of await Promise.all(jobs.map((job) => end(job)))) expect(record.status).toBe('success');
  const nodes = await Promise.all(Array.from({ length: 100 }, async (_, index) => (await vms.get(`web${index}`)).node));
  const counts = ['hv1', 'hv2', 'hv3'].map((node) => nodes.filter((one) => one === node).length);
  expect(counts.toSorted((a, b) => a - b)).toEqual([33, 33, 34]);
});

it('moves a VM to the next node when the one that was chosen is full by then', async () => {
  const { addWorker, guest, held, run, end, usedMib, claimedMib } = await cluster(1000, ['hv1', 'hv2', 'hv3']);
  await guest('moved', { state: 'start', memoryMib: 600 });
  await guest('there', { state: 'start', node: 'hv3', memoryMib: 100 });
  const late = await guest('late', { node: 'hv2', memoryMib: 600 });
  const migration = await held({ OP_ID: 'OP_VM_MIGRATE', vm: 'moved' }, 'run 0 before');
  await addWorker();
  await migration.arrived;
  expect((await run(start(late))).status).toBe('success');
  migration.letGo();
  expect(ended(await end(migration.job))).toEqual(['success', expect.objectContaining({ node: 'hv3', method: 'live' })]);
  expect(['hv1', 'hv2', 'hv3'].map(usedMib)).toEqual([0, 600, 700]);
  expect(await Promise.all(['hv1', 'hv2', 'hv3'].map(claimedMib))).toEqual([0, 600, 700]);
});

it('refuses a migration to a node without room, and one of two that go to the last room', async () => {
  const { addWorker, guest, submit, run, end, usedMib, claimedMib } = await cluster(1000);
  await guest('there', { state: 'start', node: 'hv2', memoryMib: 300 });
  const big = await guest('big', { state: 'start', memoryMib: 800 });
  const [a, b] = [await guest('a', { state: 'start', memoryMib: 500 }), await guest('b', { state: 'start', memoryMib: 500 })];
  await Promise.all([addWorker(), addWorker()]);
  const migrate = ({ name }: Guest) => ({ OP_ID: 'OP_VM_MIGRATE', vm: name, node: 'hv2' });
  expect(ended(await run(migrate(big)))).toEqual(noRoom('hv2'));
  const records = await Promise.all([await submit(migrate(a)), await submit(migrate(b))].map((job) => end(job)));
  expect(records.map(({ status }) => status).toSorted()).toEqual(['error', 'success']);
  expect(ended(records.find(({ status }) => status === 'error') as JobRecord)).toEqual(noRoom('hv2'));
  expect([usedMib('hv1'), usedMib('hv2')]).toEqual([1300, 800]);
  expect([await claimedMib('hv1'), await claimedMib('hv2')]).toEqual([1300, 800]);
});

it('counts a guest as it runs, not as it would be started by now', async () => {
  const { addWorker, guest, run, claimedMib, usedMib, vms } = await cluster(32_768);
  const [big, other] = [await guest('big', { state: 'start', memoryMib: 20_000 }), await guest('other', { memoryMib: 20_000 })];
  await addWorker();
  const resized = (memoryMib: number, more: Record<string, unknown> = {}) => ({
    ...{ OP_ID: 'OP_VM_MODIFY', vm: 'big', ...more },
    xml: guestXml(big, { memoryMib }),
  });
  expect((await run(resized(512))).status).toBe('success');
  for (const dryRun of [true, false]) expect(ended(await run(start(other), { dryRun }))).toEqual(noRoom('hv1'));
  expect(await claimedMib('hv1')).toBe(20_000);
  // One that has no room to grow is not even shut down.
  for (const dryRun of [true, false]) expect(ended(await run(resized(40_000, { restart: true }), { dryRun }))).toEqual(noRoom('hv1'));
  expect([usedMib('hv1'), (await vms.get(big.uuid)).memory, (await vms.get(big.uuid)).state]).toEqual([20_000, 512, 'start']);
  expect((await run(resized(24_000, { restart: true }))).status).toBe('success');
  expect([usedMib('hv1'), await claimedMib('hv1')]).toEqual([24_000, 24_000]);
  expect((await run(resized(512))).status).toBe('success');
  expect((await run({ OP_ID: 'OP_VM_RESTART', vm: 'big' })).status).toBe('success');
  expect([usedMib('hv1'), await claimedMib('hv1')]).toEqual([512, 512]);
  expect((await run(start(other))).status).toBe('success');
  expect((await run(resized(13_000))).status).toBe('success');
  expect(ended(await run({ OP_ID: 'OP_VM_RESTART', vm: 'big' }))).toEqual(noRoom('hv1'));
  expect([usedMib('hv1'), await claimedMib('hv1')]).toEqual([20_512, 20_512]);
});

it('undoes a restart with another size to the size that it was', async () => {
  const { addWorker, guest, held, end, claimedMib, usedMib } = await cluster(1000);
  const big = await guest('big', { state: 'start', memoryMib: 300 });
  const modify = { OP_ID: 'OP_VM_MODIFY', vm: 'big', xml: guestXml(big, { memoryMib: 700 }), restart: true };
  const job = await held(modify, 'run 3 before');
  await addWorker();
  await job.arrived;
  expect([usedMib('hv1'), await claimedMib('hv1')]).toEqual([0, 700]);
  await job.cancel();
  expect((await end(job.job)).status).toBe('canceled');
  expect([usedMib('hv1'), await claimedMib('hv1')]).toEqual([300, 300]);
});

it('claims what an agent finds running, whatever the room, and lets nobody else in for that', async () => {
  const whole = await cluster(1000);
  const { addWorker, guest, run, world, vms, claimedMib, ledger, stateOf } = whole;
  const [a, b, c] = [await guest('a', { state: 'start', memoryMib: 600 }), await guest('b'), await guest('c', { memoryMib: 300 })];
  await addAgent(whole, 'hv1', 200);
  // By hand, and with more than its document says.
  const hypervisor = await world.hypervisors.on('hv1');
  await hypervisor.define(guestXml(b, { memoryMib: 700 }));
  await hypervisor.start(b.uuid);
  await expect
    .poll(() => ledger('hv1'), SOON)
    .toEqual({
      [a.uuid]: { memory_mib: 600, vcpus: 1 },
      [b.uuid]: { memory_mib: 700, vcpus: 1 },
    });
  expect(await stateOf(b)).toBe('start');
  await addWorker();
  await vms.update(c.uuid, (vm) => ({ ...vm, memory: 1_000_000 }));
  expect((await run(start(c))).opresult[0]).toMatchObject([
    'OpPrereqError',
    [expect.stringContaining('MiB left'), 'insufficient_resources'],
  ]);
  await world.powerOff(a.uuid);
  await expect.poll(() => claimedMib('hv1'), SOON).toBe(700);
  expect(await stateOf(a)).toBe('stop');
  await hypervisor.destroy(b.uuid);
  await expect.poll(() => ledger('hv1'), SOON).toEqual({});
});

it('leaves a guest running that somebody else has started meanwhile', async () => {
  const { addWorker, guest, held, end, world, stateOf, ledger } = await cluster(1000);
  const [a, b] = [await guest('a'), await guest('b')];
  const [byHand, byJob] = [await held(start(a), 'run 1 before'), await held(start(b), 'run 1 after')];
  await addWorker();
  const hypervisor = await world.hypervisors.on('hv1');
  await byHand.arrived;
  await hypervisor.define(guestXml(a));
  await hypervisor.start(a.uuid);
  await byJob.arrived;
  for (const { cancel } of [byHand, byJob]) await cancel();
  for (const { job } of [byHand, byJob]) expect((await end(job)).status).toBe('canceled');
  expect([runsOn({ world }, a), runsOn({ world }, b)]).toEqual([['hv1'], []]);
  expect(await stateOf(b)).toBe('stop');
  expect(await ledger('hv1')).not.toHaveProperty(b.uuid);
});
