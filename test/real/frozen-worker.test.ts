// A worker that stands still for longer than its session may, as a machine that hangs: another one goes on with its jobs, and when the
// frozen one comes back it does no harm to what has happened meanwhile.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeReal } from '../drivers/real-or-skipped.js';
import { until } from '../lab/until.js';
import { logOf } from './api-client.js';
import type { RapidProcess } from './rapid-process.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import { missingLab } from './real-lab.js';
import { guestPids, nodesWith } from './virsh.js';

const PATIENCE_S = 4;
/** Long: on waking up, what a step waits for is then likely over before the worker finds out about its session. */
const SESSION_TIMEOUT_MS = 10_000;

describeReal('a worker that freezes', missingLab(), () => {
  let cluster: RealCluster;
  let frozen: RapidProcess;
  beforeAll(async () => {
    cluster = await startCluster({ name: 'frozen', workers: 0 });
    frozen = await cluster.startWorker('frozen', undefined, { RAPID_CLUSTER_SESSION_TIMEOUT_MS: String(SESSION_TIMEOUT_MS) });
  });
  afterAll(() => cluster?.close());

  test('its jobs are gone on with, and on waking up it cuts no power that is not its to cut', async () => {
    // Several, each at another moment of its waiting when the worker freezes.
    const vms = await Promise.all(['one', 'two'].map((base) => cluster.running(base, 'hv1', { variant: 'deaf' })));
    const jobs = await Promise.all(vms.map(({ name }) => cluster.api.submit({ OP_ID: 'OP_VM_SHUTDOWN', vm: name, timeout: PATIENCE_S })));
    // It waits for the guests now, and would cut their power when the time is over.
    for (const job of jobs) {
      await until('the second step', async () => (await cluster.api.call('GET', `/jobs/${job}`)).body.progress[0]?.done === 1);
    }
    frozen.freeze();
    const heir = await cluster.startWorker('heir');
    const ends = await Promise.all(jobs.map((job) => cluster.api.end(job)));
    for (const [index, end] of ends.entries()) {
      expect(end.opresult).toEqual([{ uuid: vms[index]?.uuid, state: 'stop', forced: true }]);
      expect(logOf(end)).toContain('taken up by worker heir at step 2 of 4 ("shut the guest down on hv1")');
    }

    // The guests run again. What the frozen worker was about to do would hit them.
    for (const { statePath } of vms) expect((await cluster.api.doing('POST', statePath, { state: 'start' })).status).toBe(200);
    await Promise.all(vms.map((vm) => vm.up(2)));
    const pids = vms.map(({ uuid }) => guestPids(uuid));
    frozen.thaw();
    for (const vm of vms) {
      const counted = await vm.count();
      await until(`the guest ${vm.name} to count on`, async () => (await vm.count()) > counted + 2, { within: 30_000 });
    }
    expect(vms.map(({ uuid }) => guestPids(uuid))).toEqual(pids);
    expect(await Promise.all(vms.map(({ uuid }) => nodesWith(cluster.nodes, uuid)))).toEqual(vms.map(() => ['hv1']));
    expect(await Promise.all(vms.map(cluster.stateOf))).toEqual(vms.map(() => 'start'));
    expect(await Promise.all(jobs.map(async (job) => (await cluster.api.call('GET', `/jobs/${job}`)).body))).toEqual(ends);

    // It is of use again: alone, it takes the next jobs.
    await heir.stop();
    for (const { name } of vms) expect((await cluster.api.run({ OP_ID: 'OP_VM_STOP', vm: name })).status).toBe('success');
  }, 120_000);
});
