// Redis is killed and started again in the middle of VM starts: every job that was accepted ends well, and each guest runs once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeReal } from '../drivers/real-or-skipped.js';
import { signal } from '../lab/processes.js';
import { startRedis, type RedisHandle } from '../lab/redis.js';
import { until } from '../lab/until.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import { missingLab, realLab } from './real-lab.js';
import { guestPids, nodesWith } from './virsh.js';

describeReal('Redis away', missingLab(), () => {
  let redis: RedisHandle;
  let cluster: RealCluster;
  beforeEach(async () => {
    const { gateway } = await realLab();
    redis = await startRedis({ dir: await mkdtemp(join(tmpdir(), 'rapid-redis-')), bind: [gateway], appendfsync: 'always' });
    cluster = await startCluster({ name: 'redis', workers: 2, redis: redis.url });
  });
  afterEach(async () => {
    await cluster?.close();
    await redis?.stop();
    if (redis !== undefined) await rm(redis.dir, { recursive: true, force: true });
  });

  test('killed and started again in the middle of VM starts', async () => {
    const vms = await Promise.all(Array.from({ length: 5 }, (_, index) => cluster.defined(`redis${index}`)));
    const jobs = await Promise.all(vms.map(({ name }) => cluster.api.submit({ OP_ID: 'OP_VM_START', vm: name })));
    await until('the first guest', () => vms.some(({ uuid }) => guestPids(uuid).length > 0), { every: 5 });
    await redis.kill();

    // While it is away nothing is accepted, and the cluster's state is read as ever.
    const refused = await cluster.api.call('POST', '/jobs', { ops: [{ OP_ID: 'OP_TEST_DELAY', duration: 0 }] });
    expect([refused.status, refused.body.code]).toEqual([503, 'environment_error']);
    const read = await cluster.api.call('GET', '/api/v1/vm');
    expect([read.status, read.headers.get('warning'), read.body.length]).toEqual([200, null, vms.length]);

    await redis.restart();
    const ends = await Promise.all(jobs.map((job) => cluster.api.end(job)));
    expect(ends.map(({ status, opresult }) => [status, opresult])).toEqual(vms.map(({ uuid }) => ['success', [{ uuid, state: 'start' }]]));
    for (const vm of vms) {
      await vm.up();
      const { body } = await cluster.api.call('GET', vm.path);
      expect([body.state, await nodesWith(cluster.nodes, vm.uuid), guestPids(vm.uuid).length]).toEqual(['start', [body.node], 1]);
      expect(await vm.boots()).toBe(1);
    }
    await expect.poll(() => cluster.locksOfJobs()).toEqual([]);
  });

  test('processes that are told to end while it stands still end all the same', async () => {
    const pid = redis.pid as number;
    signal(pid, 'SIGSTOP');
    try {
      const ends = await Promise.all([...cluster.apis, ...cluster.workers].map((each) => each.leave()));
      // In good order where nothing was under way, else with an error.
      for (const end of ends) expect([0, 1]).toContain(end);
    } finally {
      signal(pid, 'SIGCONT');
    }
  });
});
