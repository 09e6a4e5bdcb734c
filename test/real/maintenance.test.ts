// An operator empties a node, repairs it and refills it, and no guest stops; and the cluster has one primary, whoever dies.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { isFinal, type JobRecord } from '../../schemas/job.js';
import { describeReal } from '../drivers/real-or-skipped.js';
import { durationMs } from '../harness/stalls.js';
import { patience } from '../lab/patience.js';
import { until } from '../lab/until.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import type { RealGuest } from './real-guest.js';
import { missingLab } from './real-lab.js';
import { guestPids, nodesWith } from './virsh.js';

const GUESTS = 5;
const TAKEN_OVER_WITHIN_MS = 20_000;
const JOB_MS = 180_000;

describeReal('nodes in maintenance', missingLab(), () => {
  let cluster: RealCluster;
  let guests: RealGuest[];
  beforeAll(async () => {
    cluster = await startCluster({ name: 'maintenance', workers: 0 });
    guests = [];
    await startWorker('w1');
    for (let index = 0; index < GUESTS; index++) guests.push(await cluster.running(`m${index}`, 'hv1'));
  });
  // A test begins with every node ready and every guest on hv1, whatever an earlier one or an earlier try has left.
  beforeEach(async () => {
    if (cluster.workers.length === 0) await startWorker('w1');
    for (const { name } of cluster.nodes) {
      if (cluster.agent(name).pid === undefined) await cluster.agent(name).restart();
      if ((await domainState(name)) !== 'ready') await cluster.api.end((await changing(name, 'ready')).body.job, JOB_MS);
    }
    for (const vm of guests) {
      if ((await nodesWith(cluster.nodes, vm.uuid)).join() === 'hv1') continue;
      const { opresult } = await cluster.api.run({ OP_ID: 'OP_VM_MIGRATE', vm: vm.name, node: 'hv1' });
      expect(opresult).toMatchObject([{ node: 'hv1' }]);
    }
  });
  afterAll(() => cluster?.close());

  const startWorker = (name: string) => cluster.startWorker(name, undefined, { RAPID_WORKER_MIGRATION_BANDWIDTH: '10' });
  const domainState = async (node: string) => (await cluster.api.call('GET', `/api/v1/node/${node}/domain-state`)).body.domain_state;
  const changing = (node: string, state: string, more = {}) =>
    cluster.api.call('POST', `/api/v1/node/${node}/domain-state`, { state, ...more });
  const whereabouts = async () =>
    await Promise.all(guests.map(async ({ uuid }) => [await nodesWith(cluster.nodes, uuid), guestPids(uuid).length]));
  const everyOneOn = (node: string) => guests.map(() => [[node], 1]);
  const childrenOf = async (job: number): Promise<JobRecord[]> =>
    (await cluster.api.call('GET', `/jobs?parent=${job}&bulk=true&limit=1000`)).body;

  test('a dry run of a flush tells where each guest would go, and changes nothing', async () => {
    const { body } = await changing('hv1', 'flush', { dry_run: true });
    const [plan] = (await cluster.api.end(body.job)).opresult as { facts: { vms: { name: string; to: string }[] } }[];
    expect(plan?.facts.vms.map(({ name, to }) => [name, to])).toEqual(
      guests
        .map(({ name }) => name)
        .toSorted()
        .map((name) => [name, 'hv2']),
    );
    expect([await domainState('hv1'), await whereabouts()]).toEqual(['ready', everyOneOn('hv1')]);
  });

  test('cancelled, a flush leaves every guest running somewhere, and the node as it was', async () => {
    const { body } = await changing('hv1', 'flush');
    await until('the first guest to go', async () => (await childrenOf(body.job)).some(({ status }) => status === 'running'));
    expect((await cluster.api.call('DELETE', `/jobs/${body.job}?timeout=60`)).body).toEqual([true, expect.any(String)]);
    expect(await domainState('hv1')).toBe('ready');
    expect((await childrenOf(body.job)).filter(({ status }) => !isFinal(status))).toEqual([]);
    for (const vm of guests) expect([(await nodesWith(cluster.nodes, vm.uuid)).length, guestPids(vm.uuid).length]).toEqual([1, 1]);
    const ready = await changing('hv1', 'ready');
    expect((await cluster.api.end(ready.body.job, JOB_MS)).status).toBe('success');
    expect(await whereabouts()).toEqual(everyOneOn('hv1'));
  });

  test(
    'a flush moves five guests away though its worker is killed, and ready brings them back though an agent is',
    async () => {
      const { body } = await changing('hv1', 'flush');
      expect(body.message).toBe('Flushing hypervisor hv1 of running VMs.');
      await until('the first guest to go', async () => (await childrenOf(body.job)).some(({ status }) => status === 'running'));
      await Promise.all([cluster.workers[0]?.kill(), startWorker('w2')]);
      const flushed = await cluster.api.end(body.job, JOB_MS);
      expect([flushed.status, await domainState('hv1'), await whereabouts()]).toEqual(['success', 'flushed', everyOneOn('hv2')]);
      const children = await childrenOf(body.job);
      expect(children.map(({ status, parent }) => [status, parent])).toEqual(guests.map(() => ['success', body.job]));
      expect(new Set(flushed.children)).toEqual(new Set(children.map(({ id }) => id)));
      const named = await cluster.api.doing('POST', '/api/v1/vm', { xml: cluster.guest('refused').xml(), node: 'hv1' });
      expect([named.status, named.body.code]).toEqual([409, 'wrong_state']);

      const ready = await changing('hv1', 'ready');
      await until('the first guest to come back', async () =>
        (await childrenOf(ready.body.job)).some(({ status }) => status === 'running'),
      );
      // Those who move the guests are gone for a moment, on the node that they leave.
      await cluster.agent('hv2').kill();
      await cluster.agent('hv2').restart();
      const refilled = await cluster.api.end(ready.body.job, JOB_MS);
      expect([refilled.status, await domainState('hv1'), await whereabouts()]).toEqual(['success', 'ready', everyOneOn('hv1')]);
      for (const vm of guests) expect(await vm.boots()).toBe(1);
    },
    patience(400_000),
  );

  test('there is one primary; killed, another node takes over; asked for, it moves', async () => {
    const coordinators = async () => {
      const { body } = await cluster.api.call('GET', '/api/v1/node');
      return new Map<string, string>(body.map(({ name, coordinator_state }: Record<string, string>) => [name, coordinator_state]));
    };
    const primaries = async () => [...(await coordinators())].flatMap(([name, state]) => (state === 'primary' ? [name] : []));
    await expect.poll(async () => (await primaries()).length).toBe(1);
    const [first = ''] = await primaries();
    const other = first === 'hv1' ? 'hv2' : 'hv1';
    const tookMs = await durationMs(async () => {
      await cluster.agent(first).kill();
      await until('another primary', async () => (await primaries())[0] === other, { within: 2 * TAKEN_OVER_WITHIN_MS });
    });
    console.info(`another primary after ${tookMs} ms`);
    expect(tookMs).toBeLessThan(TAKEN_OVER_WITHIN_MS);
    await cluster.agent(first).restart();
    await expect.poll(async () => (await coordinators()).get(first)).toBe('secondary');
    const asked = await cluster.api.doing('POST', `/api/v1/node/${first}/coordinator-state`, { state: 'primary' });
    expect([asked.status, await primaries()]).toEqual([200, [first]]);
    const left = await cluster.api.doing('POST', `/api/v1/node/${first}/coordinator-state`, { state: 'secondary' });
    expect([left.status, await primaries()]).toEqual([200, [other]]);
  });
});
