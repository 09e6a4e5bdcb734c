// Ceph's only monitor is away for half a minute: jobs wait for it or fail and leave nothing, and reads are answered as ever, with their age.
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeReal } from '../drivers/real-or-skipped.js';
import { attachCeph, removeCeph, type CephHandle } from '../lab/ceph.js';
import { describeCeph } from '../lab/ceph-plan.js';
import { patience } from '../lab/patience.js';
import { until } from '../lab/until.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import { missingLab, realLab } from './real-lab.js';

const CEPH = '/api/v1/storage/ceph';
const AWAY_MS = 30_000;
const JOBS = 10;

describeReal("Ceph's monitor away", missingLab(), () => {
  let ceph: CephHandle;
  let cluster: RealCluster;
  beforeAll(async () => {
    const { gateway } = await realLab();
    // One of its own: nobody else is disturbed.
    ceph = attachCeph(await describeCeph(await mkdtemp(join(tmpdir(), 'rapid-ceph-')), gateway, false));
    await ceph.start();
    cluster = await startCluster({ name: 'ceph-away', ceph, nodes: ['hv1'] });
    const made = await cluster.api.doing('POST', `${CEPH}/pool`, { pool: 'vms', pgs: 8, copies: 2, mincopies: 1 });
    expect([made.status, made.body]).toEqual([200, expect.anything()]);
  });
  afterAll(async () => {
    await cluster?.close();
    if (ceph !== undefined) await removeCeph(ceph.dir);
  });

  const status = () => cluster.api.call('GET', `${CEPH}/status`);

  test('clients that are stopped by a flag go on when it is unset', async () => {
    const flags = async () => ((await ceph.ceph('osd', 'dump')) as { flags_set: string[] }).flags_set;
    const change = async (action: string) =>
      (await cluster.api.doing('POST', `${CEPH}/cluster-option`, { action, option: 'pause' })).status;
    expect([await change('set'), await flags()]).toEqual([200, expect.arrayContaining(['pauserd', 'pausewr'])]);
    expect([await change('unset'), await flags()]).toEqual([200, expect.not.arrayContaining(['pauserd'])]);
  });

  test('in the middle of ten volume jobs', async () => {
    await until('the first report', async () => (await status()).status === 200);
    const attempt = randomUUID().slice(0, 8);
    const names = Array.from({ length: JOBS }, (_, index) => `${attempt}-${index}`);
    const jobs = await Promise.all(names.map((volume) => cluster.api.submit({ OP_ID: 'OP_VOLUME_ADD', pool: 'vms', volume, size: '16M' })));
    const running = async () => {
      const { body } = await cluster.api.call('GET', '/jobs?bulk=true&limit=100');
      return (body as { id: number; status: string }[]).some((job) => jobs.includes(job.id) && ['running', 'success'].includes(job.status));
    };
    await until('the first of them at work', running, { every: 20 });
    await ceph.stopMon();
    const back = performance.now() + AWAY_MS;
    const waits: number[] = [];
    let oldest = 0;
    await until(
      'the monitor to come back',
      async () => {
        const asked = performance.now();
        const replies = await Promise.all([status(), cluster.api.call('GET', `${CEPH}/pool`), cluster.api.call('GET', `${CEPH}/volume`)]);
        waits.push(performance.now() - asked);
        expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200]);
        oldest = Math.max(oldest, Number(replies[0]?.headers.get('age') ?? 0));
        // A report counts as old after 30 s, and was made at most 10 s before.
        return performance.now() >= back && replies[0]?.headers.get('warning') !== null;
      },
      { within: 2 * AWAY_MS, every: 200 },
    );
    const { headers, body } = await status();
    expect([headers.get('warning'), body.ceph_data]).toEqual([expect.stringContaining('110'), expect.stringContaining('health')]);
    expect(oldest).toBeGreaterThan(15);
    // Each is three reads from memory; a machine that is busy makes some of them slow.
    expect(waits.toSorted((one, other) => one - other)[Math.floor(waits.length / 2)]).toBeLessThan(patience(250));
    await ceph.startMon();

    const records = await Promise.all(jobs.map((job) => cluster.api.end(job, 150_000)));
    const made = names.filter((_, index) => records[index]?.status === 'success');
    for (const { status: ended, opresult } of records) {
      if (ended !== 'success') expect.soft(opresult).toEqual([['OpExecError', [expect.any(String), 'environment_error']]]);
    }
    expect((await ceph.rbd('ls', 'vms')).split('\n').filter((name) => name.startsWith(attempt))).toEqual(made);
    await until(
      'the volumes in the state',
      async () => (await cluster.api.call('GET', `${CEPH}/volume?limit=${attempt}`)).body.length === made.length,
    );
    await until('a fresh report', async () => (await status()).headers.get('warning') === null);
  });
});
