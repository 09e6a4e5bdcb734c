// A worker that stands still for longer than its session may, as a machine that hangs: another one goes on with its job, and when the
// frozen one comes back it does no harm to what has happened meanwhile.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeReal } from '../drivers/real-or-skipped.js';
import { patience } from '../lab/patience.js';
import { signal } from '../lab/processes.js';
import { until } from '../lab/until.js';
import { logOf } from './api-client.js';
import { isCallBegun } from './begun-call.js';
import type { RapidProcess } from './rapid-process.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import type { RealGuest } from './real-guest.js';
import { missingLab } from './real-lab.js';
import { guestPids, nodesWith } from './virsh.js';

/** Long enough to be frozen in the middle of it, also on a machine that is busy. */
const PATIENCE_S = Math.ceil(patience(8000) / 1000);

describeReal('a worker that freezes', missingLab(), () => {
  let cluster: RealCluster;
  beforeEach(async () => void (cluster = await startCluster({ name: 'frozen', workers: 0 })));
  afterEach(() => cluster.close());

  /** Freezes it while the agent asks libvirt for it how the guest is: the first thing that it hears afterwards is an answer from long ago. */
  async function freezeInCall(worker: RapidProcess): Promise<void> {
    const node = cluster.node('hv1');
    const libvirtd = node.libvirtdPid as number;
    signal(libvirtd, 'SIGSTOP');
    try {
      await until('a call to the agent', () => isCallBegun(cluster, 'domain'), { every: 10 });
      worker.freeze();
    } finally {
      signal(libvirtd, 'SIGCONT');
    }
  }

  /** The guest runs again. What the frozen worker was about to do would hit it. */
  async function thawHarmlessly(frozen: RapidProcess, vm: RealGuest): Promise<void> {
    expect((await cluster.api.doing('POST', vm.statePath, { state: 'start' })).status).toBe(200);
    await vm.up(2);
    const pids = guestPids(vm.uuid);
    frozen.thaw();
    const counted = await vm.count();
    await until('the guest to count on', async () => (await vm.count()) > counted + PATIENCE_S, { within: 60_000 });
    expect(guestPids(vm.uuid)).toEqual(pids);
    expect([await nodesWith(cluster.nodes, vm.uuid), await cluster.stateOf(vm)]).toEqual([['hv1'], 'start']);
  }

  test('right before it asks a node for something, it asks on waking up, and is refused', async () => {
    const program = ['--import', 'tsx', resolve(import.meta.dirname, 'freezing-worker.ts')];
    const frozen = await cluster.startWorker('freezing', program);
    const vm = await cluster.running('freezing', 'hv1', { variant: 'deaf' });
    const job = await cluster.api.submit({ OP_ID: 'OP_VM_STOP', vm: vm.name });
    const state = async () => (await readFile(`/proc/${frozen.pid}/stat`, 'utf8')).split(') ')[1]?.[0];
    await until('the worker to stand still', async () => (await state()) === 'T');
    await cluster.startWorker('heir');
    const end = await cluster.api.end(job);
    expect(end.status).toBe('success');
    expect(logOf(end)).toContain('taken up by worker heir at step 1');
    await thawHarmlessly(frozen, vm);
    expect((await cluster.api.call('GET', `/jobs/${job}`)).body).toEqual(end);
  });

  test('its job is gone on with, and on waking up it cuts no power that is not its to cut', async () => {
    const frozen = await cluster.startWorker('frozen');
    const vm = await cluster.running('frozen', 'hv1', { variant: 'deaf' });
    const job = await cluster.api.submit({ OP_ID: 'OP_VM_SHUTDOWN', vm: vm.name, timeout: PATIENCE_S });
    // It waits for the guest now, and would cut its power when the time is over.
    await until('the second step', async () => (await cluster.api.call('GET', `/jobs/${job}`)).body.progress[0]?.done === 1);
    await freezeInCall(frozen);
    const heir = await cluster.startWorker('heir');
    const end = await cluster.api.end(job);
    expect(end.opresult).toEqual([{ uuid: vm.uuid, state: 'stop', forced: true }]);
    expect(logOf(end)).toContain('taken up by worker heir at step 2 of 4 ("shut the guest down on hv1")');

    await thawHarmlessly(frozen, vm);
    expect((await cluster.api.call('GET', `/jobs/${job}`)).body).toEqual(end);

    // It is of use again: alone, it takes the next job.
    await heir.stop();
    expect((await cluster.api.run({ OP_ID: 'OP_VM_STOP', vm: vm.name })).status).toBe('success');
  });
});
