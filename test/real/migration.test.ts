// Guests that move between real nodes: live, there and back, watched, cancelled, and with those who move them killed on the way.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isFinal, type JobRecord } from '../../schemas/job.js';
import { describeReal } from '../drivers/real-or-skipped.js';
import { until } from '../lab/until.js';
import { logOf } from './api-client.js';
import { pulseOf } from './guest-pulse.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import type { RealGuest } from './real-guest.js';
import { missingLab } from './real-lab.js';
import { guestPids, nodesWith } from './virsh.js';

/** MiB/s: a migration takes long enough to be met half-way. */
const SLOWLY = { RAPID_WORKER_MIGRATION_BANDWIDTH: '8' };
/** A guest counts once a second, later on a machine that is busy; what it misses while it is moved comes on top. */
const MOST_MISSED_MS = 2000;

describeReal('guests that move', missingLab(), () => {
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await startCluster({ name: 'migration', workers: 0 });
    await cluster.startWorker('slow', undefined, SLOWLY);
  });
  afterAll(() => cluster?.close());

  const nodeOf = async (vm: RealGuest) => (await cluster.api.call('GET', `${vm.path}/node`)).body;
  const moving = (vm: RealGuest, values: object) => cluster.api.call('POST', `${vm.path}/node`, values);

  /** It runs on that node, is defined nowhere else, and the cluster says so. */
  async function isOnlyOn(vm: RealGuest, node: string): Promise<void> {
    await expect.poll(async () => [await cluster.stateOf(vm), (await nodeOf(vm)).node]).toEqual(['start', node]);
    expect([await nodesWith(cluster.nodes, vm.uuid), guestPids(vm.uuid).length]).toEqual([[node], 1]);
    const counted = await vm.count();
    await until('the guest to count on', async () => (await vm.count()) > counted + 1);
    expect(await vm.boots()).toBe(1);
  }

  /** The job once the driver has told how far the migration is. */
  const underWay = (job: number) =>
    until(`the migration of job ${job}`, async () => {
      const { body } = await cluster.api.call('GET', `/jobs/${job}`);
      if (isFinal(body.status)) throw new Error(`it ended at once: ${JSON.stringify(body)}`);
      return (body.progress[0]?.figures?.bytes_processed ?? 0) > 0 && (body as JobRecord);
    });

  test('there and back, and the guest hardly notices', async () => {
    const vm = await cluster.running('there-and-back', 'hv1');
    const usual = pulseOf(vm);
    await until('the guest to count on', async () => (await vm.count()) > 5);
    const usualMs = Math.max(1000, await usual.stop());
    const pulse = pulseOf(vm);
    const there = await moving(vm, { action: 'migrate', node: 'hv2' });
    expect([there.status, there.body.message]).toEqual([202, `Migrating VM "${vm.name}" to node "hv2".`]);
    const record = await underWay(there.body.job);
    expect(record.progress[0]?.figures).toMatchObject({
      bytes_total: expect.any(Number),
      bytes_processed: expect.any(Number),
      bytes_remaining: expect.any(Number),
    });
    expect(await cluster.stateOf(vm)).toBe('migrate');
    const end = await cluster.api.end(there.body.job);
    expect(end.opresult).toEqual([{ uuid: vm.uuid, node: 'hv2', last_node: 'hv1', method: 'live' }]);
    await isOnlyOn(vm, 'hv2');
    expect(await nodeOf(vm)).toEqual({ name: vm.name, node: 'hv2', last_node: 'hv1' });
    const back = await moving(vm, { action: 'unmigrate' });
    expect((await cluster.api.end(back.body.job)).opresult).toEqual([{ uuid: vm.uuid, node: 'hv1', last_node: '', method: 'live' }]);
    await isOnlyOn(vm, 'hv1');
    const pauseMs = await pulse.stop();
    console.info(`the longest pause between two counts was ${pauseMs} ms, before it was moved ${usualMs} ms`);
    const counts = await vm.counts();
    expect(counts).toEqual(Array.from(counts, (_, index) => (counts[0] ?? 0) + index));
    expect(pauseMs).toBeLessThan(usualMs + MOST_MISSED_MS);
  });

  test('its progress is told at least once a second', async () => {
    const vm = await cluster.running('progress', 'hv1');
    const { body } = await moving(vm, { action: 'move', node: 'hv2' });
    await underWay(body.job);
    const seen: { atMs: number; remaining: number }[] = [];
    let previous: unknown[] | null = null;
    for (let ended = false; !ended; ) {
      const known = new URLSearchParams({
        fields: 'status,progress',
        previous_job_info: JSON.stringify(previous),
        previous_log_serial: '1000',
      });
      const news = await cluster.api.call('GET', `/jobs/${body.job}/wait?${known.toString()}&timeout=20`);
      previous = news.body.job_info as [string, JobRecord['progress']];
      const [status, [progress]] = previous as [JobRecord['status'], JobRecord['progress']];
      ended = isFinal(status);
      const remaining = progress?.figures?.['bytes_remaining'];
      if (!ended && remaining !== undefined) seen.push({ atMs: performance.now(), remaining });
    }
    const pauses = seen.slice(1).map(({ atMs }, index) => atMs - (seen[index]?.atMs ?? 0));
    console.info(`${seen.length} reports of progress; the longest pause ${Math.round(Math.max(...pauses))} ms`);
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.at(-1)?.remaining).toBeLessThan(seen[0]?.remaining ?? 0);
    expect((await cluster.api.end(body.job)).opresult).toEqual([{ uuid: vm.uuid, node: 'hv2', last_node: '', method: 'live' }]);
  });

  test('cancelled on the way, it stays where it was', async () => {
    const vm = await cluster.running('cancelled', 'hv1');
    const { body } = await moving(vm, { action: 'migrate', node: 'hv2' });
    await underWay(body.job);
    expect((await cluster.api.call('DELETE', `/jobs/${body.job}?timeout=60`)).body).toEqual([true, expect.any(String)]);
    await isOnlyOn(vm, 'hv1');
    expect(await nodeOf(vm)).toEqual({ name: vm.name, node: 'hv1', last_node: '' });
  });

  test('two migrations of one VM: one waits, and then says that it has been migrated', async () => {
    const vm = await cluster.running('twice', 'hv1');
    const jobs = await Promise.all([1, 2].map(async () => (await moving(vm, { action: 'migrate', node: 'hv2' })).body.job as number));
    const ends = await Promise.all(jobs.map((job) => cluster.api.end(job)));
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['error', 'success']);
    const refused = ends.find(({ status }) => status === 'error');
    expect(refused?.opresult).toEqual([['OpPrereqError', [expect.stringContaining(vm.name), 'wrong_state']]]);
    expect(logOf(refused as JobRecord)).toContain('waits for');
    await isOnlyOn(vm, 'hv2');
  });

  test('a guest that cannot be moved live is shut down and started there, and the log says so', async () => {
    const vm = cluster.guest('cold');
    const disk = join(cluster.dir, `${vm.name}.raw`);
    await writeFile(disk, Buffer.alloc(1024 * 1024));
    const xml = vm
      .xml()
      .replace(
        '<panic',
        `<disk type='file' device='disk'><driver name='qemu' type='raw' cache='writeback'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk><panic`,
      );
    expect((await cluster.api.doing('POST', '/api/v1/vm', { xml, node: 'hv1' })).status).toBe(200);
    expect((await cluster.api.doing('POST', vm.statePath, { state: 'start' })).status).toBe(200);
    await vm.up();
    const { body } = await moving(vm, { action: 'migrate', node: 'hv2' });
    const end = await cluster.api.end(body.job, 120_000);
    expect(end.opresult).toEqual([{ uuid: vm.uuid, node: 'hv2', last_node: 'hv1', method: 'cold' }]);
    expect(logOf(end)).toContain('the guest is shut down, and started on hv2');
    await vm.up(2);
    expect([await nodesWith(cluster.nodes, vm.uuid), guestPids(vm.uuid).length]).toEqual([['hv2'], 1]);
  });

  test('its worker is killed on the way: another one sees the same migration to its end', async () => {
    const vm = await cluster.running('orphan', 'hv1');
    const { body } = await moving(vm, { action: 'migrate', node: 'hv2' });
    const { progress } = await underWay(body.job);
    await Promise.all([cluster.workers[0]?.kill(), cluster.startWorker('heir', undefined, SLOWLY)]);
    const end = await cluster.api.end(body.job, 120_000);
    expect([end.status, end.opresult]).toEqual(['success', [{ uuid: vm.uuid, node: 'hv2', last_node: 'hv1', method: 'live' }]]);
    expect(logOf(end)).toContain('taken up by worker heir');
    expect(progress[0]?.figures?.['bytes_processed']).toBeGreaterThan(0);
    await isOnlyOn(vm, 'hv2');
  });

  test('the agent of its node is killed on the way and comes back: it runs in one place, and the state says where', async () => {
    const vm = await cluster.running('agentless', 'hv1');
    const { body } = await moving(vm, { action: 'migrate', node: 'hv2' });
    await underWay(body.job);
    await cluster.agent('hv1').kill();
    await cluster.agent('hv1').restart();
    const end = await cluster.api.end(body.job, 120_000);
    console.info(`with the agent killed on the way, the migration ended ${end.status}: ${JSON.stringify(end.opresult)}`);
    await isOnlyOn(vm, end.status === 'success' ? 'hv2' : 'hv1');
  });
});
