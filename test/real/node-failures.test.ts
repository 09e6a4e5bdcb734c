// A node whose libvirtd, agent or network fails. It is hv3, which no other test uses; hv2 is what goes on beside it.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import { describeReal } from '../drivers/real-or-skipped.js';
import { durationMs } from '../harness/stalls.js';
import { patience } from '../lab/patience.js';
import { until } from '../lab/until.js';
import { signal } from '../lab/processes.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import type { RealGuest } from './real-guest.js';
import { missingLab } from './real-lab.js';
import { guestPids, nodesWith } from './virsh.js';

const KNOWN_WITHIN_MS = 15_000;
/** A call that the node's agent does not take is given up after half a minute. */
const GIVEN_UP_WITHIN_MS = 50_000;

describeReal('a node that fails', missingLab(), () => {
  let cluster: RealCluster;
  let survivor: RealGuest;
  beforeAll(async () => {
    cluster = await startCluster({ name: 'node-failures', nodes: ['hv2', 'hv3'], workers: 0 });
    // Migrations are slow enough to be met half-way.
    await cluster.startWorker('w1', undefined, { RAPID_WORKER_MIGRATION_BANDWIDTH: '5' });
  });
  // A test begins with hv3 in order and one guest on it, whatever an earlier one or an earlier try has left.
  beforeEach(async () => {
    const node = cluster.node('hv3');
    await node.reconnect();
    await node.startLibvirtd();
    if (cluster.agent('hv3').pid === undefined) await cluster.agent('hv3').restart();
    await expect.poll(() => daemonState('hv3')).toBe('run');
    for (const name of ['hv2', 'hv3']) {
      const state = `/api/v1/node/${name}/domain-state`;
      if ((await cluster.api.call('GET', state)).body.domain_state === 'ready') continue;
      expect((await cluster.api.doing('POST', state, { state: 'ready' })).status).toBe(200);
    }
    if (survivor !== undefined && guestPids(survivor.uuid).length === 1 && (await survivor.boots()) === 1) {
      if ((await nodesWith(cluster.nodes, survivor.uuid)).join() === 'hv3') return;
    }
    survivor = await cluster.running('survivor', 'hv3');
  });
  afterAll(async () => {
    await cluster?.node('hv3').reconnect();
    await cluster?.close();
  });

  const daemonState = async (node: string) => (await cluster.api.call('GET', `/api/v1/node/${node}`)).body.daemon_state;

  async function becomes(state: string): Promise<void> {
    const tookMs = await durationMs(() => expect.poll(() => daemonState('hv3'), { interval: 100 }).toBe(state));
    console.info(`hv3 was "${state}" after ${tookMs} ms`);
    expect(tookMs).toBeLessThan(KNOWN_WITHIN_MS);
    expect(await daemonState('hv2')).toBe('run');
  }

  test('libvirtd is killed and started again: its guests go on, and the next job works', async () => {
    const node = cluster.node('hv3');
    const pids = guestPids(survivor.uuid);
    await node.killLibvirtd();
    const counted = await survivor.count();
    const lost = await cluster.api.doing('POST', survivor.statePath, { state: 'stop' });
    expect([lost.status, lost.body.code]).toEqual([503, 'environment_error']);
    await node.startLibvirtd();
    await until('the guest to count on', async () => (await survivor.count()) > counted + 1);
    expect([guestPids(survivor.uuid), await survivor.boots(), await cluster.stateOf(survivor)]).toEqual([pids, 1, 'start']);
    const next = await cluster.running('next', 'hv3');
    expect((await cluster.api.doing('POST', next.statePath, { state: 'shutdown' })).body.result).toMatchObject({
      state: 'stop',
      forced: false,
    });
  });

  test('its agent is killed: the node is dead soon, and takes no VMs until the agent is back', async () => {
    await cluster.agent('hv3').kill();
    await becomes('dead');
    const named = await cluster.api.doing('POST', '/api/v1/vm', { xml: cluster.guest('named').xml(), node: 'hv3' });
    expect([named.status, named.body.code]).toEqual([409, 'wrong_state']);
    const elsewhere = await cluster.defined('elsewhere');
    await expect.poll(async () => (await cluster.api.call('GET', elsewhere.path)).body.node).toBe('hv2');
    await cluster.agent('hv3').restart();
    await becomes('run');
  });

  test.each([
    ['leaves', 'hv3', 'hv2'],
    ['goes to', 'hv2', 'hv3'],
  ])(
    'the libvirtd that a guest %s is killed on the way: the guest runs on, in one place, and the state says where',
    async (_, from, to) => {
      const vm = await cluster.running(`from-${from}`, from);
      const job = await cluster.api.submit({ OP_ID: 'OP_VM_MIGRATE', vm: vm.name, node: to });
      await until('the migration', async () => {
        const { body } = await cluster.api.call('GET', `/jobs/${job}`);
        return (body.progress[0]?.figures?.bytes_processed ?? 0) > 0;
      });
      await cluster.node('hv3').killLibvirtd();
      await cluster.node('hv3').startLibvirtd();
      const end = await cluster.api.end(job, 2 * GIVEN_UP_WITHIN_MS);
      console.info(`with the libvirtd of hv3 killed on the way from ${from}: ${end.status}, ${JSON.stringify(end.opresult)}`);
      const where = end.status === 'success' ? to : from;
      await until(`the guest on ${where} alone`, async () => (await nodesWith(cluster.nodes, vm.uuid)).join() === where, {
        within: 60_000,
      });
      await expect.poll(async () => (await cluster.api.call('GET', vm.path)).body).toMatchObject({ node: where, state: 'start' });
      const counted = await vm.count();
      await until('the guest to count on', async () => (await vm.count()) > counted + 1);
      expect([guestPids(vm.uuid).length, await vm.boots()]).toEqual([1, 1]);
      expect((await cluster.api.doing('DELETE', vm.path)).status).toBe(200);
    },
    patience(240_000),
  );

  test(
    'its libvirtd is killed while it is emptied: what could not go is named, runs on, and goes the next time',
    async () => {
      const vms = [survivor, await cluster.running('emptied', 'hv3')];
      const turning = async (state: string) => {
        const { body } = await cluster.api.call('POST', '/api/v1/node/hv3/domain-state', { state });
        return body.job as number;
      };
      const resultOf = async (job: number) => {
        const { status, opresult } = await cluster.api.end(job, 3 * GIVEN_UP_WITHIN_MS);
        expect(status).toBe('success');
        return opresult[0] as { domain_state: string; vms: { name: string; node: string; error: string | null }[] };
      };
      const flush = await turning('flush');
      await until('a guest on its way', async () => {
        const { body } = await cluster.api.call('GET', `/jobs?parent=${flush}&bulk=true`);
        return body.some(({ progress }: JobRecord) => (progress[0]?.figures?.['bytes_processed'] ?? 0) > 0);
      });
      await cluster.node('hv3').killLibvirtd();
      await cluster.node('hv3').startLibvirtd();
      const first = await resultOf(flush);
      console.info(`with the libvirtd of hv3 killed, the flush says: ${JSON.stringify(first.vms)}`);
      for (const vm of vms) {
        const { node, error } = first.vms.find(({ name }) => name === vm.name) ?? {};
        expect([node, guestPids(vm.uuid).length]).toEqual([error === null ? 'hv2' : 'hv3', 1]);
      }
      const again = await resultOf(await turning('flush'));
      expect([again.domain_state, again.vms.filter(({ error }) => error !== null)]).toEqual(['flushed', []]);
      for (const vm of vms) expect([await nodesWith(cluster.nodes, vm.uuid), guestPids(vm.uuid).length]).toEqual([['hv2'], 1]);
      await resultOf(await turning('ready'));
      for (const vm of vms) expect([await nodesWith(cluster.nodes, vm.uuid), await vm.boots()]).toEqual([['hv3'], 1]);
      expect((await cluster.api.doing('DELETE', vms[1]?.path ?? '')).status).toBe(200);
    },
    patience(300_000),
  );

  test('it is cut off the network: a start there fails within a bound, and can be done when it is back', async () => {
    const vm = await cluster.defined('cut-off', 'hv3');
    const elsewhere = await cluster.defined('beside', 'hv2');
    await cluster.node('hv3').cutOff();
    const begunMs = performance.now();
    const job = await cluster.api.submit({ OP_ID: 'OP_VM_START', vm: vm.name });
    // Nobody else has to wait for it.
    expect((await cluster.api.doing('POST', elsewhere.statePath, { state: 'start' })).status).toBe(200);
    expect(performance.now() - begunMs).toBeLessThan(patience(GIVEN_UP_WITHIN_MS / 3));
    await becomes('dead');
    const end = await cluster.api.end(job, GIVEN_UP_WITHIN_MS);
    console.info(`the start on a node that is cut off was given up after ${Math.round(performance.now() - begunMs)} ms`);
    expect([end.status, end.opresult]).toEqual(['error', [['OpPrereqError', [expect.any(String), 'environment_error']]]]);
    expect(await cluster.stateOf(vm)).toBe('stop');

    await cluster.node('hv3').reconnect();
    await becomes('run');
    expect([await nodesWith(cluster.nodes, vm.uuid), await cluster.stateOf(survivor)]).toEqual([[], 'start']);
    expect((await cluster.api.doing('POST', vm.statePath, { state: 'start' })).status).toBe(200);
    await vm.up();
    expect([await nodesWith(cluster.nodes, vm.uuid), guestPids(vm.uuid).length]).toEqual([['hv3'], 1]);
    await expect.poll(() => cluster.locksOfJobs()).toEqual([]);
  });

  test(
    'it loses its power: its VMs are started elsewhere when the operator says so, once each, and come back with it',
    async () => {
      const vms = [survivor, await cluster.running('second', 'hv3')];
      const evacuating = (more = {}) => cluster.api.doing('POST', '/api/v1/node/hv3/evacuate', { yes_i_really_mean_it: true, ...more });
      const unmeant = await cluster.api.doing('POST', '/api/v1/node/hv3/evacuate');
      expect([unmeant.status, unmeant.body.code]).toEqual([400, 'wrong_input']);
      const living = await evacuating();
      expect([living.status, living.body.code]).toEqual([409, 'wrong_state']);
      await cluster.agent('hv3').kill();
      await becomes('dead');
      // Its agent is dead, but its libvirt answers: its guests may well run.
      const silent = await evacuating();
      expect([silent.status, silent.body.code]).toEqual([409, 'wrong_state']);
      await cluster.node('hv3').killLibvirtd();
      for (const { uuid } of vms) for (const pid of guestPids(uuid)) signal(pid, 'SIGKILL');
      const starting = await cluster.api.doing('POST', survivor.statePath, { state: 'start' });
      expect([starting.status, starting.body.code]).toEqual([409, 'wrong_state']);

      const plan = await evacuating({ dry_run: true });
      expect(plan.body.result.facts.vms.map(({ name, to }: Record<string, string>) => [name, to]).toSorted()).toEqual(
        expect.arrayContaining(vms.map(({ name }) => [name, 'hv2'])),
      );
      const done = await evacuating();
      expect([done.status, done.body.result.domain_state]).toEqual([200, 'flushed']);
      for (const vm of vms) {
        await vm.up(2);
        expect([await cluster.stateOf(vm), guestPids(vm.uuid).length]).toEqual(['start', 1]);
      }
      await cluster.node('hv3').startLibvirtd();
      await cluster.agent('hv3').restart();
      await becomes('run');
      const ready = await cluster.api.call('POST', '/api/v1/node/hv3/domain-state', { state: 'ready' });
      expect((await cluster.api.end(ready.body.job, 120_000)).status).toBe('success');
      for (const vm of vms) {
        expect([await nodesWith(cluster.nodes, vm.uuid), guestPids(vm.uuid).length, await vm.boots()]).toEqual([['hv3'], 1, 2]);
      }
    },
    patience(300_000),
  );
});
