// ZooKeeper goes away in the middle of jobs: killed and started again, and away for a minute. Nothing is lost and nothing fails; it only waits.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeReal } from '../drivers/real-or-skipped.js';
import { until } from '../lab/until.js';
import { startZooKeeper, type ZooKeeperHandle } from '../lab/zookeeper.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import type { RealGuest } from './real-guest.js';
import { missingLab, realLab } from './real-lab.js';
import { guestPids, nodesWith } from './virsh.js';

const AWAY_S = 60;

describeReal('ZooKeeper away', missingLab(), () => {
  let zookeeper: ZooKeeperHandle;
  let cluster: RealCluster;
  beforeEach(async () => {
    const { gateway } = await realLab();
    zookeeper = await startZooKeeper({ dir: await mkdtemp(join(tmpdir(), 'rapid-zookeeper-')), bind: gateway });
    cluster = await startCluster({ name: 'zookeeper', workers: 2, zookeeper: zookeeper.connect });
  });
  afterEach(async () => {
    await cluster?.close();
    await zookeeper?.stop();
    if (zookeeper !== undefined) await rm(zookeeper.dir, { recursive: true, force: true });
  });

  const start = ({ name }: RealGuest) => cluster.api.submit({ OP_ID: 'OP_VM_START', vm: name });

  async function runsOnce(vm: RealGuest): Promise<void> {
    const { body } = await cluster.api.call('GET', vm.path);
    expect([body.state, await nodesWith(cluster.nodes, vm.uuid), guestPids(vm.uuid).length]).toEqual(['start', [body.node], 1]);
  }

  test('killed and started again in the middle of jobs', async () => {
    const vms = await Promise.all(Array.from({ length: 4 }, (_, index) => cluster.defined(`restart${index}`)));
    const delay = await cluster.api.submit({ OP_ID: 'OP_TEST_DELAY', duration: 3, lock: ['anything'] });
    const jobs = await Promise.all(vms.map(start));
    await until('the first guest', () => vms.some(({ uuid }) => guestPids(uuid).length > 0), { every: 5 });
    await zookeeper.kill();
    await zookeeper.restart();
    const ends = await Promise.all([delay, ...jobs].map((job) => cluster.api.end(job)));
    expect(ends.map(({ status, opresult }) => [status, opresult])).toEqual([
      ['success', [null]],
      ...vms.map(({ uuid }) => ['success', [{ uuid, state: 'start' }]]),
    ]);
    for (const vm of vms) {
      await runsOnce(vm);
      expect((await cluster.api.doing('DELETE', vm.path)).status).toBe(200);
    }
  });

  test('away for a minute: reads grow old and say so, submissions are accepted, workers wait; when it is back all ends well', async () => {
    const off = await cluster.defined('off');
    const on = await cluster.running('on');
    const late = cluster.guest('late');
    // One job is in the middle of its steps, and has to wait before the next.
    const begun = await cluster.api.submit({ OP_ID: 'OP_TEST_DELAY', duration: 5 });
    await until('a step of the job', async () => (await cluster.api.call('GET', `/jobs/${begun}`)).body.progress[0]?.done > 0);
    await zookeeper.kill();

    const read = (path: string) => cluster.api.call('GET', path);
    const old = await until('a read that says that it is old', async () => {
      const reply = await read('/api/v1/vm');
      return reply.headers.get('warning') !== null && reply;
    });
    expect([old.status, old.headers.get('warning'), old.body.length]).toEqual([200, '110 - "Response is Stale"', 2]);
    const locks = await read('/api/v1/locks');
    expect([locks.status, locks.body.code]).toEqual([503, 'environment_error']);

    const started = await cluster.api.call('POST', off.statePath, { state: 'start' });
    const defined = await cluster.api.call('POST', '/api/v1/vm', { xml: late.xml() });
    const lateStart = await cluster.api.call('POST', '/jobs', {
      ops: [{ OP_ID: 'OP_VM_START', vm: late.name }],
      depends: [[defined.body.job, ['success']]],
    });
    const stopped = await cluster.api.call('POST', on.statePath, { state: 'stop' });
    const accepted = [started, defined, lateStart, stopped];
    expect(accepted.map(({ status }) => status)).toEqual([202, 202, 202, 202]);

    const ages: number[] = [];
    await until(
      'the reads to be a minute old',
      async () => {
        const { status, headers, body } = await read('/api/v1/vm');
        expect([status, headers.get('warning'), body.length]).toEqual([200, '110 - "Response is Stale"', 2]);
        ages.push(Number(headers.get('age')));
        return Number(headers.get('age')) >= AWAY_S;
      },
      { within: 2 * AWAY_S * 1000, every: 500 },
    );
    expect(ages).toEqual(ages.toSorted((one, other) => one - other));
    const jobs = [begun, ...accepted.map(({ body }) => body.job)];
    const meanwhile = await Promise.all(jobs.map(async (job) => (await read(`/jobs/${job}`)).body.status));
    for (const status of meanwhile) expect(['queued', 'waiting', 'running']).toContain(status);
    expect((await read('/api/v1/locks')).status).toBe(503);

    await zookeeper.restart();
    const ends = await Promise.all(jobs.map((job) => cluster.api.end(job)));
    expect(ends.map(({ status, opresult }) => [status, opresult])).toEqual([
      ['success', [null]],
      ['success', [{ uuid: off.uuid, state: 'start' }]],
      ['success', [expect.objectContaining({ uuid: late.uuid })]],
      ['success', [{ uuid: late.uuid, state: 'start' }]],
      ['success', [{ uuid: on.uuid, state: 'stop' }]],
    ]);
    await expect.poll(async () => (await read('/api/v1/vm')).headers.get('warning')).toBeNull();
    for (const vm of [off, late]) await runsOnce(vm);
    expect([await cluster.stateOf(on), await nodesWith(cluster.nodes, on.uuid)]).toEqual(['stop', []]);
    await expect.poll(() => cluster.locksOfJobs()).toEqual([]);
  });
});
