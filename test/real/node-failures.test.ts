// A node whose libvirtd, agent or network fails. It is hv3, which no other test uses; hv2 is what goes on beside it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeReal } from '../drivers/real-or-skipped.js';
import { until } from '../lab/until.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import type { RealGuest } from './real-guest.js';
import { missingLab } from './real-lab.js';
import { guestPids, nodesWith } from './virsh.js';

const DEAD_WITHIN_MS = 15_000;
/** A libvirt call that gets no answer is given up after a minute. */
const GIVEN_UP_WITHIN_MS = 75_000;

describeReal('a node that fails', missingLab(), () => {
  let cluster: RealCluster;
  let survivor: RealGuest;
  beforeAll(async () => {
    cluster = await startCluster({ name: 'node-failures', nodes: ['hv2', 'hv3'] });
    survivor = await cluster.running('survivor', 'hv3');
  });
  afterAll(async () => {
    await cluster?.node('hv3').reconnect();
    await cluster?.close();
  });

  const daemonState = async (node: string) => (await cluster.api.call('GET', `/api/v1/node/${node}`)).body.daemon_state;

  async function becomes(state: string, withinMs: number): Promise<void> {
    const begunMs = performance.now();
    await expect.poll(() => daemonState('hv3'), { timeout: withinMs, interval: 100 }).toBe(state);
    console.info(`hv3 was "${state}" after ${Math.round(performance.now() - begunMs)} ms`);
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
    await becomes('dead', DEAD_WITHIN_MS);
    const named = await cluster.api.doing('POST', '/api/v1/vm', { xml: cluster.guest('named').xml(), node: 'hv3' });
    expect([named.status, named.body.code]).toEqual([409, 'wrong_state']);
    const elsewhere = await cluster.defined('elsewhere');
    expect((await cluster.api.call('GET', elsewhere.path)).body.node).toBe('hv2');
    await cluster.agent('hv3').restart();
    await becomes('run', DEAD_WITHIN_MS);
  });

  test('it is cut off the network: a start there fails within a bound, and can be done when it is back', async () => {
    const vm = await cluster.defined('cut-off', 'hv3');
    const elsewhere = await cluster.defined('beside', 'hv2');
    await cluster.node('hv3').cutOff();
    const begunMs = performance.now();
    const job = await cluster.api.submit({ OP_ID: 'OP_VM_START', vm: vm.name });
    // Nobody else has to wait for it.
    expect((await cluster.api.doing('POST', elsewhere.statePath, { state: 'start' })).status).toBe(200);
    expect(performance.now() - begunMs).toBeLessThan(GIVEN_UP_WITHIN_MS / 3);
    await becomes('dead', DEAD_WITHIN_MS);
    const end = await cluster.api.end(job, GIVEN_UP_WITHIN_MS);
    console.info(`the start on a node that is cut off was given up after ${Math.round(performance.now() - begunMs)} ms`);
    expect([end.status, end.opresult]).toEqual(['error', [['OpPrereqError', [expect.any(String), 'environment_error']]]]);
    expect(await cluster.stateOf(vm)).toBe('stop');

    await cluster.node('hv3').reconnect();
    await becomes('run', DEAD_WITHIN_MS);
    expect([await nodesWith(cluster.nodes, vm.uuid), await cluster.stateOf(survivor)]).toEqual([[], 'start']);
    expect((await cluster.api.doing('POST', vm.statePath, { state: 'start' })).status).toBe(200);
    await vm.up();
    expect([await nodesWith(cluster.nodes, vm.uuid), guestPids(vm.uuid).length]).toEqual([['hv3'], 1]);
    await expect.poll(async () => (await cluster.api.call('GET', '/api/v1/locks')).body).toEqual([]);
  }, 180_000);
});
