// A job that waits for its turn gives its place back, and is put in line again: once, whoever asks for it and whatever the queue still has.
import { Queue } from 'bullmq';
import { expect, it } from 'vitest';
import { renewParked, wakeJob } from '../../src/jobs/parking.js';
import { consumeJobs } from '../../src/jobs/queue.js';
import { keepLedger } from '../../src/jobs/reconcile.js';
import { claimJob, LostJob, type Run } from '../../src/jobs/run.js';
import { QUEUE_NAME, queueId } from '../../src/jobs/scripts/enqueue.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();
const delay = { OP_ID: 'OP_TEST_DELAY', duration: 0 };

const started = async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const { redis: look, keys } = cluster;
  const claim = async (id: number, entry: number, worker = 'first') => await claimJob(look, keys, 1000, { id, entry }, worker);
  const claimed = async (id: number, entry: number): Promise<Run> => {
    const run = await claim(id, entry);
    if (run === undefined) throw new Error('nothing to claim');
    return run;
  };
  const inLine = async () => await look.zrange(`${keys.prefix}:${QUEUE_NAME}:prioritized`, 0, '-1');
  return { ...cluster, claim, claimed, inLine };
};

/** Reconciles until the test has seen what it wants. */
async function reconciling({ redis: look, keys, closing }: TestCluster): Promise<void> {
  const keeper = keepLedger(look, keys, {
    keepS: 3600,
    everyMs: 20,
    onError: (error) => {
      throw error;
    },
  });
  closing.add(() => keeper.close());
}

it('is not claimed while it is parked, and once when it was woken, without a worker having died', async () => {
  const { submit, claim, claimed, inLine, redis: look, keys, desk } = await started();
  const job = await submit(delay);
  const run = await claimed(job, 1);
  expect([run.epoch, run.wasParked]).toEqual([1, false]);
  await run.park({ fields: { kept: 'this' } });
  expect((await desk.read(job))?.status).toBe('waiting');
  // The queue gives its old entry out again, as when the worker died before it could put it away.
  expect(await claim(job, 1)).toBeUndefined();
  expect(await wakeJob(look, keys, job)).toBe(true);
  expect(await wakeJob(look, keys, job)).toBe(false);
  expect(await inLine()).toEqual([queueId({ id: job, entry: 1 }), queueId({ id: job, entry: 2 })]);
  expect(await claim(job, 1)).toBeUndefined();
  const next = await claimed(job, 2);
  expect([next.epoch, next.wasParked, next.note('kept')]).toEqual([2, true, 'this']);
  // Now a worker does die.
  expect((await claimed(job, 2)).wasParked).toBe(false);
});

it('has no runner while it is parked', async () => {
  const { submit, claimed, redis: look, keys } = await started();
  const job = await submit(delay);
  const run = await claimed(job, 1);
  await run.park();
  await expect(run.write({ fields: { more: 1 } })).rejects.toThrow(LostJob);
  await wakeJob(look, keys, job);
  await expect(run.write({ fields: { more: 1 } })).rejects.toThrow(LostJob);
  await expect(run.submitChild(0, 'a', { ops: [delay], user: 'u', reason: null, priority: 0, depends: [], dryRun: false })).rejects.toThrow(
    LostJob,
  );
});

it('keeps a status that it had reached', async () => {
  const { submit, claimed, desk } = await started();
  const job = await submit(delay);
  const run = await claimed(job, 1);
  await run.write({ status: 'running' });
  await run.park();
  expect((await desk.read(job))?.status).toBe('running');
});

it('is put in line when it is cancelled, by whoever comes first', async () => {
  const { submit, claimed, claim, desk, redis: look, keys } = await started();
  const [parked, parking] = [await submit(delay), await submit(delay)];
  const [one, other] = [await claimed(parked, 1), await claimed(parking, 1)];
  await one.park();
  await desk.cancel(parked, 0);
  await desk.cancel(parking, 0);
  await other.park();
  for (const job of [parked, parking]) {
    expect(await wakeJob(look, keys, job)).toBe(false);
    const run = await claim(job, 2);
    expect([run?.status, run?.cancelRequested, run?.wasParked]).toEqual(['canceling', true, true]);
  }
});

it('goes on when the process that parked it renews its lease no more', async () => {
  const cluster = await started();
  const { submit, claimed, claim, redis: look, keys } = cluster;
  const [abandoned, renewed] = [await submit(delay), await submit(delay)];
  const [one, other] = [await claimed(abandoned, 1), await claimed(renewed, 1)];
  await one.park({}, 1);
  await other.park({}, 1);
  expect(await renewParked(look, keys, [other, { id: abandoned, epoch: 7 }])).toEqual([abandoned]);
  await reconciling(cluster);
  await expect.poll(() => look.hget(keys.job(abandoned), 'entry')).toBe('2');
  expect(await look.hget(keys.job(renewed), 'entry')).toBe('1');
  expect((await claim(abandoned, 2))?.wasParked).toBe(true);
  expect(await renewParked(look, keys, [one, other])).toEqual([abandoned]);
});

it('comes back while the queue is still putting its old entry away, and the new one stays', async () => {
  const { submit, redis: look, keys, closing } = await started();
  const job = await submit(delay);
  const seen: number[] = [];
  const consumer = consumeJobs(look, keys, 10, async (place) => {
    const run = await claimJob(look, keys, 1000, place, 'only');
    if (run === undefined) return 'done';
    seen.push(place.entry);
    if (seen.length === 20) {
      await run.write({ status: 'success' });
      return 'done';
    }
    await run.park();
    await wakeJob(look, keys, job);
    return 'done';
  });
  closing.add(() => consumer.close());
  await expect.poll(() => look.hget(keys.job(job), 'status')).toBe('success');
  expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  const queue = new Queue(QUEUE_NAME, { connection: look, prefix: keys.prefix });
  closing.add(() => queue.close());
  await expect.poll(() => queue.getJobCounts()).toMatchObject({ active: 0, prioritized: 0, waiting: 0 });
});
