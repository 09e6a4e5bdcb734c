// What becomes of a guest on its way from one node to another when something happens to it, to the job, to the workers or to the nodes.
import { expect, it, vi } from 'vitest';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { Hypervisor } from '../../workers/drivers/hypervisor.js';
import type { StepContext } from '../../workers/engine/opcode.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { addAgent } from '../harness/agent.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { addGuest, guestXml, newGuest, type Guest, type GuestWish } from '../harness/guests.js';
import { intervene } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { runsOn } from '../harness/runs-on.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

/** Of 1 GiB: at 256 MiB/s its migration takes four seconds. */
const BIG = { state: 'start', memoryMib: 1024 } as const;
const SLOW = { migrationMibPerS: 256 };
const NEVER_DONE = { migrationMibPerS: 1 };

interface Stage extends TestCluster {
  guest: Guest;
  /** The calls that were made of the hypervisors, as `migrate hv1`. */
  calls: string[];
  /** Does this instead of the next call of a method on a node. */
  instead(call: string, act: () => Promise<void>): void;
}

/** Two nodes and the VM web1; no worker yet. */
async function stage(wish: GuestWish, pace: { migrationMibPerS?: number } = {}): Promise<Stage> {
  const cluster = await startCluster({ redisUrl: redis().url, ...pace });
  const guest = newGuest('web1');
  await addGuest(cluster, guest, wish);
  const calls: string[] = [];
  const acts = new Map<string, () => Promise<void>>();
  const { hypervisors } = cluster.world;
  const on = hypervisors.on.bind(hypervisors);
  hypervisors.on = async (node, fence) => {
    const heard = async (method: keyof Hypervisor, call: () => Promise<void>) => {
      const name = `${method} ${node}`;
      calls.push(name);
      const act = acts.get(name);
      acts.delete(name);
      await (act ?? call)();
    };
    const real = await on(node, fence);
    return {
      ...real,
      define: (xml) => heard('define', () => real.define(xml)),
      start: (uuid) => heard('start', () => real.start(uuid)),
      migrate: (uuid, target) => heard('migrate', () => real.migrate(uuid, target)),
      abortMigration: (uuid) => heard('abortMigration', () => real.abortMigration(uuid)),
    };
  };
  return { ...cluster, guest, calls, instead: (call, act) => void acts.set(call, act) };
}

const MIGRATE = { OP_ID: 'OP_VM_MIGRATE', vm: 'web1', node: 'hv2' };

const isUnderWay = async ({ world, guest }: Stage, from = 'hv1'): Promise<boolean> =>
  (await (await world.hypervisors.on(from)).migrationProgress(guest.uuid)) !== undefined;
const underWay = async (cluster: Stage, from?: string) =>
  await vi.waitFor(async () => expect(await isUnderWay(cluster, from)).toBe(true), { timeout: patience(20_000) });

const placement = async ({ vms }: TestCluster) => {
  const { node, last_node, target_node, state } = await vms.get('web1');
  return { node, last_node, target_node, state };
};
const HERE = { node: 'hv1', last_node: '', target_node: '', state: 'start' };
const THERE = { node: 'hv2', last_node: 'hv1', target_node: '', state: 'start' };

const logOf = async ({ desk }: TestCluster, job: number) => (await desk.read(job))?.oplog[0]?.map(([, , , text]) => text) ?? [];

it('tells how far it is, in numbers, until it has arrived', async () => {
  const cluster = await stage(BIG, SLOW);
  await cluster.addWorker();
  const job = await cluster.submit(MIGRATE);
  const seen = new Map<number, number>();
  await vi.waitFor(
    async () => {
      const record = await cluster.desk.read(job);
      const { fraction, figures } = record?.progress[0] ?? {};
      if (typeof fraction === 'number' && figures) {
        expect(Object.keys(figures)).toEqual(['bytes_total', 'bytes_processed', 'bytes_remaining', 'expected_downtime_ms']);
        const { bytes_total: total = 0, bytes_processed: processed = 0, bytes_remaining: remaining = 0 } = figures;
        expect([processed / total, 1 - remaining / total]).toEqual([expect.closeTo(fraction), expect.closeTo(fraction)]);
        seen.set(processed, fraction);
        expect(await placement(cluster)).toEqual({ node: 'hv1', last_node: '', target_node: 'hv2', state: 'migrate' });
      }
      expect(record?.status).toBe('success');
    },
    { timeout: patience(20_000), interval: 20 },
  );
  expect(seen.size).toBeGreaterThan(1);
  expect((await cluster.desk.read(job))?.progress[0]).toMatchObject({ done: 4, total: 4, fraction: null, figures: null });
  expect(await placement(cluster)).toEqual(THERE);
});

it('is called off when the job is cancelled, and the guest has never left', async () => {
  const cluster = await stage(BIG, NEVER_DONE);
  const before = await cluster.snapshot();
  await cluster.addWorker();
  const job = await cluster.submit(MIGRATE);
  await underWay(cluster);
  expect(await cluster.desk.cancel(job, patience(20_000))).toEqual([true, 'Job successfully cancelled']);
  expect([await isUnderWay(cluster), runsOn(cluster, cluster.guest)]).toEqual([false, ['hv1']]);
  expect(await cluster.snapshot()).toEqual(before);
});

it('is called off when the job is cancelled before the node has begun with it', async () => {
  const cluster = await stage(BIG, NEVER_DONE);
  let letGo = () => {};
  const late = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const real = (await cluster.world.hypervisors.on('hv1')).migrate;
  cluster.instead('migrate hv1', async () => {
    await late;
    await real(cluster.guest.uuid, { uri: 'simulated://hv2', bandwidthMibPerS: 0 });
  });
  await cluster.addWorker();
  const job = await cluster.submit(MIGRATE);
  await vi.waitFor(() => expect(cluster.calls).toContain('migrate hv1'), { timeout: patience(20_000) });
  const cancelled = cluster.desk.cancel(job, patience(40_000));
  await vi.waitFor(() => expect(cluster.calls).toContain('abortMigration hv1'), { timeout: patience(20_000) });
  letGo();
  expect(await cancelled).toEqual([true, 'Job successfully cancelled']);
  expect([await isUnderWay(cluster), await placement(cluster)]).toEqual([false, HERE]);
});

it.each(['die', 'close'] as const)('goes on when its worker must %s, and another one follows it to its end', async (leave) => {
  const cluster = await stage(BIG, SLOW);
  const doomed = await cluster.addWorker();
  const places = new Set<string>();
  const watch = setInterval(() => places.add(runsOn(cluster, cluster.guest).join()), 5);
  cluster.closing.add(() => clearInterval(watch));
  const job = await cluster.submit(MIGRATE);
  await underWay(cluster);
  await doomed[leave]();
  await cluster.addWorker();
  const record = await cluster.end(job);
  expect([record.status, record.opresult]).toEqual([
    'success',
    [{ uuid: cluster.guest.uuid, node: 'hv2', last_node: 'hv1', method: 'live' }],
  ]);
  expect(cluster.calls.filter((call) => call.startsWith('abortMigration') || call.startsWith('start'))).toEqual([]);
  expect([places, await placement(cluster)]).toEqual([new Set(['hv1', 'hv2']), THERE]);
});

it('is followed, and not begun again, by a worker that finds it under way', async () => {
  const cluster = await stage(BIG, NEVER_DONE);
  const doomed = await cluster.addWorker();
  const job = await cluster.submit(MIGRATE);
  await underWay(cluster);
  const bytes = async () => (await (await cluster.world.hypervisors.on('hv1')).migrationProgress(cluster.guest.uuid))?.bytesProcessed ?? 0;
  const sent = await bytes();
  await doomed.die();
  await cluster.addWorker();
  await expect.poll(() => logOf(cluster, job)).toContain('the guest of VM "web1" is on its way from hv1 already; following its migration');
  expect(await bytes()).toBeGreaterThanOrEqual(sent);
  expect(await cluster.desk.cancel(job, patience(20_000))).toEqual([true, 'Job successfully cancelled']);
  expect([runsOn(cluster, cluster.guest), await placement(cluster)]).toEqual([['hv1'], HERE]);
});

it.each([
  ['powers off', async ({ world, guest }: Stage) => await world.powerOff(guest.uuid), 'powered off', 'stop'],
  ['crashes', async ({ world, guest }: Stage) => await world.crash(guest.uuid), 'crashed', 'start'],
] as const)('fails when the guest %s meanwhile, and the state is what is left to do', async (_what, end, ending, state) => {
  const cluster = await stage(BIG, NEVER_DONE);
  await cluster.addWorker();
  const job = await cluster.submit(MIGRATE);
  await underWay(cluster);
  await end(cluster);
  const { opresult } = await cluster.end(job);
  const text = `the guest of VM "web1" ${ending} while it was being moved to node "hv2"`;
  expect(opresult).toEqual([['OpExecError', [text, 'environment_error']]]);
  expect([runsOn(cluster, cluster.guest), await placement(cluster)]).toEqual([[], { ...HERE, state }]);
  expect(cluster.calls.filter((call) => call.startsWith('start'))).toEqual([]);
});

it('fails when the guest powers off while no worker looks, and nobody starts it', async () => {
  const cluster = await stage(BIG, NEVER_DONE);
  const doomed = await cluster.addWorker();
  const job = await cluster.submit(MIGRATE);
  await underWay(cluster);
  await doomed.die();
  await cluster.world.powerOff(cluster.guest.uuid);
  await cluster.addWorker();
  const text = 'the guest of VM "web1" powered off while it was being moved to node "hv2"';
  expect((await cluster.end(job)).opresult).toEqual([['OpExecError', [text, 'environment_error']]]);
  expect([runsOn(cluster, cluster.guest), await placement(cluster)]).toEqual([[], { ...HERE, state: 'stop' }]);
  expect(cluster.calls.filter((call) => call.startsWith('start'))).toEqual([]);
});

it('fails when the other node is gone meanwhile, and the guest runs on', async () => {
  const cluster = await stage(BIG, NEVER_DONE);
  await cluster.addWorker();
  const job = await cluster.submit(MIGRATE);
  await underWay(cluster);
  await cluster.world.node('hv2').power(false);
  const { opresult } = await cluster.end(job);
  const text = 'VM "web1" could not be moved to node "hv2" and runs on where it was: hypervisor hv2 does not answer';
  expect(opresult).toEqual([['OpExecError', [text, 'environment_error']]]);
  expect([runsOn(cluster, cluster.guest), await placement(cluster)]).toEqual([['hv1'], HERE]);
});

it('fails when its own node is gone meanwhile, and stays on that node, to be evacuated', async () => {
  const cluster = await stage(BIG, NEVER_DONE);
  await cluster.addWorker();
  const job = await cluster.submit(MIGRATE);
  await underWay(cluster);
  await cluster.world.node('hv1').power(false);
  const { opresult } = await cluster.end(job);
  expect(opresult).toEqual([
    ['OpExecError', [expect.stringContaining('left behind: "move the guest from hv1 to hv2"'), 'environment_error']],
  ]);
  expect([runsOn(cluster, cluster.guest), await placement(cluster)]).toEqual([[], HERE]);
});

it('succeeds when the node that it came from is gone right afterwards', async () => {
  const cluster = await stage({ state: 'start' });
  const real = (await cluster.world.hypervisors.on('hv1')).migrate;
  cluster.instead('migrate hv1', async () => {
    await real(cluster.guest.uuid, { uri: 'simulated://hv2', bandwidthMibPerS: 0 });
    cluster.world.node('hv1').unreachable(true);
    throw new ClassifiedError('environment_error', 'the answer was lost');
  });
  await cluster.addWorker();
  const { opresult } = await cluster.run(MIGRATE);
  expect(opresult).toEqual([{ uuid: cluster.guest.uuid, node: 'hv2', last_node: 'hv1', method: 'live' }]);
  expect(await placement(cluster)).toEqual(THERE);
});

it('fails when the other node has its name for something else, and the guest runs on', async () => {
  for (const hostDevice of [false, true]) {
    const cluster = await stage({ state: 'start', hostDevice });
    await (await cluster.world.hypervisors.on('hv2')).define(guestXml(newGuest('web1')));
    const before = await cluster.snapshot();
    await cluster.addWorker();
    const { opresult } = await cluster.run(MIGRATE);
    expect(opresult).toEqual([['OpExecError', [expect.stringContaining('domain web1 is defined with the UUID'), expect.any(String)]]]);
    expect(await cluster.snapshot()).toEqual(before);
  }
});

it('replaces what the other node has kept of an earlier stay', async () => {
  const cluster = await stage({ state: 'start' });
  await (await cluster.world.hypervisors.on('hv2')).define(guestXml(cluster.guest, { vcpus: 3 }));
  await cluster.addWorker();
  expect((await cluster.run(MIGRATE)).opresult[0]).toMatchObject({ method: 'live' });
  expect(runsOn(cluster, cluster.guest)).toEqual(['hv2']);
});

it('says why a guest is shut down to be moved, and starts it again where it was when the other node cannot', async () => {
  const cluster = await stage({ state: 'start', hostDevice: true });
  const before = await cluster.snapshot();
  await cluster.addWorker();
  cluster.world.failNext('start', new ClassifiedError('insufficient_resources', 'no such device here'));
  const job = await cluster.submit(MIGRATE);
  expect((await cluster.end(job)).opresult).toEqual([['OpExecError', ['no such device here', 'insufficient_resources']]]);
  expect(await cluster.snapshot()).toEqual(before);
  const why = 'domain web1 cannot be migrated live: it has a host device; the guest is shut down, and started on hv2';
  expect(await logOf(cluster, job)).toContain(why);
  expect((await cluster.run(MIGRATE)).opresult[0]).toMatchObject({ node: 'hv2', method: 'cold' });
});

it('is started once when the worker dies between its shutdown and its start', async () => {
  const cluster = await stage({ state: 'start', hostDevice: true });
  let wake = () => {};
  const asleep = new Promise<void>((_resolve, reject) => {
    wake = () => reject(new Error('too late'));
  });
  cluster.instead('start hv2', () => asleep);
  const doomed = await cluster.addWorker();
  const job = await cluster.submit(MIGRATE);
  await vi.waitFor(() => expect(cluster.calls).toContain('start hv2'), { timeout: patience(20_000) });
  expect(runsOn(cluster, cluster.guest)).toEqual([]);
  await doomed.die();
  await cluster.addWorker();
  expect((await cluster.end(job)).opresult[0]).toMatchObject({ node: 'hv2', method: 'cold' });
  wake();
  expect([runsOn(cluster, cluster.guest), await placement(cluster)]).toEqual([['hv2'], THERE]);
});

it('is brought back live when the job is cancelled after it has arrived, also by another worker', async () => {
  const cluster = await stage(BIG, SLOW);
  const before = await cluster.snapshot();
  const doomed = await cluster.addWorker({ opcodes: standingAfterArrival() });
  const job = await cluster.submit(MIGRATE);
  await vi.waitFor(() => expect(runsOn(cluster, cluster.guest)).toEqual(['hv2']), { timeout: patience(20_000) });
  const cancelled = cluster.desk.cancel(job, patience(40_000));
  await underWay(cluster, 'hv2');
  await doomed.die();
  await cluster.addWorker();
  expect(await cancelled).toEqual([true, 'Job successfully cancelled']);
  expect(await cluster.snapshot()).toEqual(before);
  expect(cluster.calls.filter((call) => !call.startsWith('migrate'))).toEqual([]);
});

it('stays where it has arrived, and is said to be there, when there is no way back', async () => {
  const cluster = await stage({ state: 'start' });
  await cluster.addWorker({ opcodes: standingAfterArrival() });
  const job = await cluster.submit(MIGRATE);
  await vi.waitFor(() => expect(runsOn(cluster, cluster.guest)).toEqual(['hv2']), { timeout: patience(20_000) });
  cluster.world.node('hv1').unreachable(true);
  await cluster.desk.cancel(job, patience(20_000));
  const text = 'Job canceled by request; could not undo, and left behind: "move the guest from hv1 to hv2"';
  expect((await cluster.end(job)).opresult).toEqual([['OpExecError', [text, 'environment_error']]]);
  expect(await placement(cluster)).toEqual(THERE);
});

/** The opcodes, standing still after the guest has gone until the job is stopped. */
function standingAfterArrival(): ReturnType<typeof intervene>['opcodes'] {
  const stopped = async ({ signal }: StepContext) =>
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  const wrapped = intervene(opcodes);
  wrapped.in.set(1, { at: { 'run 1 after': stopped } });
  return wrapped.opcodes;
}

it('is agreed upon by the agents of both nodes', async () => {
  const cluster = await stage({ state: 'start' });
  await addAgent(cluster, 'hv1', 50);
  await addAgent(cluster, 'hv2', 50);
  await cluster.addWorker();
  expect((await cluster.run(MIGRATE)).status).toBe('success');
  const reported = async (node: string) => JSON.parse((await cluster.store.get(`/node-reports/${node}`))?.data ?? '{}').running_domains;
  await expect.poll(() => Promise.all([reported('hv1'), reported('hv2')])).toEqual([[], [cluster.guest.uuid]]);
  expect(await placement(cluster)).toEqual(THERE);
  await cluster.world.powerOff(cluster.guest.uuid);
  await expect.poll(() => placement(cluster)).toEqual({ ...THERE, state: 'stop' });
  expect((await cluster.snapshot()).domains).toEqual({});
});
