// The queue is a hint: whatever it loses, what is due is put there again, by one process at a time.
import { expect, it } from 'vitest';
import { keepLedger } from '../../src/jobs/reconcile.js';
import { claimJob } from '../../src/jobs/run.js';
import { QUEUE_NAME, queueId } from '../../src/jobs/scripts/enqueue.js';
import { startCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();

const started = async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const { redis: look, keys, closing } = cluster;
  const keep = (everyMs = 20) => {
    const keeper = keepLedger(look, keys, {
      keepS: 3600,
      everyMs,
      onError: (error) => {
        throw error;
      },
    });
    closing.add(() => keeper.close());
    return keeper;
  };
  return { ...cluster, queue: `${keys.prefix}:${QUEUE_NAME}`, keep };
};

it('runs queued and taken jobs that the queue has lost wholly or in part', async () => {
  const { submit, end, addWorker, redis: look, keys, queue } = await started();
  const gates = buildGates();
  const [gone, unlisted, taken, blocked] = [
    await submit(passGates(['open'])),
    await submit(passGates(['open'])),
    await submit(passGates(['open'])),
    await submit(passGates(['open']), { depends: [[1, []]] }),
  ] as const;
  const name = (id: number) => queueId({ id, entry: 1 });
  await claimJob(look, keys, 1000, { id: taken, entry: 1 }, 'lost');
  await look.del(`${queue}:${name(gone)}`, `${queue}:${name(taken)}`);
  await look.zrem(`${queue}:prioritized`, name(gone), name(unlisted), name(taken));
  await addWorker({ opcodes: gates.opcodes });
  for (const job of [gone, unlisted, taken, blocked]) expect((await end(job)).status).toBe('success');
  // Each once; and nothing is due any more.
  expect(gates.events.filter(({ what }) => what === 'passed').map(({ job }) => job)).toHaveLength(4);
  expect(await look.zcard(`${keys.prefix}:due`)).toBe(0);
});

it('runs everything when the whole queue is gone', async () => {
  const { submit, end, addWorker, redis: look, queue } = await started();
  const gates = buildGates();
  const jobs = await Promise.all(Array.from({ length: 50 }, () => submit(passGates(['open']))));
  await look.del(...(await look.keys(`${queue}:*`)));
  await addWorker({ opcodes: gates.opcodes });
  for (const job of jobs) expect((await end(job)).status).toBe('success');
});

it('is looked after by one process, and by another when that one is gone', async () => {
  const { submit, redis: look, keys, queue, keep } = await started();
  const job = await submit(passGates(['open']));
  const keeper = async () => await look.get(`${keys.prefix}:reconciler`);
  const first = keep();
  await expect.poll(keeper).not.toBeNull();
  const one = await keeper();
  keep();
  await look.del(`${queue}:${queueId({ id: job, entry: 1 })}`);
  await expect.poll(() => look.hget(keys.job(job), 'entry')).toBe('2');
  expect(await keeper()).toBe(one);
  await first.close();
  await expect.poll(keeper).not.toBe(one);
  await expect.poll(keeper).not.toBeNull();
});

it('costs a few commands a round, however many jobs are due', async () => {
  const { submit, redis: look, closing, keep } = await started();
  await Promise.all(Array.from({ length: 300 }, () => submit(passGates(['open']))));
  const monitor = await look.monitor();
  closing.add(() => monitor.disconnect());
  let sent = 0;
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    if (source !== 'lua' && args[0]?.toLowerCase().startsWith('eval') === true) sent += 1;
  });
  const keeper = keep(600_000);
  await keeper.close();
  await expect.poll(() => sent).toBeGreaterThan(0);
  expect(sent).toBeLessThanOrEqual(4);
});
