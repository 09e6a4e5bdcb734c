// The ledger writes a job's place in BullMQ's queue itself, in one step with what makes it due; BullMQ must find there what it expects.
import { createRequire } from 'node:module';
import { Queue } from 'bullmq';
import { expect, it } from 'vitest';
import { LAYOUT_OF, QUEUE_NAME, queueId, queuePriority } from '../../src/jobs/scripts/enqueue.js';
import { startCluster } from '../harness/cluster.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();
const delay = { OP_ID: 'OP_TEST_DELAY', duration: 0 };

it('puts a job into the queue as BullMQ itself would, in the order of priorities and submissions', async () => {
  const { desk, submit, redis: look, keys } = await startCluster({ redisUrl: redis().url });
  const key = (name: string) => `${keys.prefix}:${QUEUE_NAME}:${name}`;
  const first = (id: number) => queueId({ id, entry: 1 });
  const [blocker, other] = [await submit(delay), await submit(delay, { priority: 5 })];
  const held = await submit(delay, { priority: 5, depends: [[blocker, []]] });
  expect(await look.exists(key(first(held)))).toBe(0);
  await desk.cancel(blocker, 0);

  const queue = new Queue(QUEUE_NAME, { connection: look, prefix: keys.prefix });
  const own = held + 1;
  await queue.add('job', null, { jobId: first(own), priority: queuePriority(5) });
  const entry = async (id: number) => {
    const { timestamp, opts = '', ...rest } = await look.hgetall(key(first(id)));
    return {
      ...rest,
      isTimestamp: Math.abs(Date.now() - Number(timestamp)) < 60_000,
      priorityGiven: (JSON.parse(opts) as { priority: number }).priority,
    };
  };
  const [ofSubmission, ofEnd, ofBullmq] = [await entry(other), await entry(held), await entry(own)];
  expect([ofSubmission, ofEnd]).toEqual([ofBullmq, ofBullmq]);

  const line = await look.zrange(key('prioritized'), 0, '-1', 'WITHSCORES');
  const scores = new Map(line.flatMap((name, index) => (index % 2 === 0 ? [[name, Number(line[index + 1])] as const] : [])));
  expect([...scores.keys()]).toEqual([blocker, other, held, own].map(first));
  const last = scores.get(first(own)) ?? 0;
  expect([other, held].map((id) => last - (scores.get(first(id)) ?? 0))).toEqual([2, 1]);
  expect(await look.zrange(key('marker'), 0, '-1', 'WITHSCORES')).toEqual(['0', '0']);
  await queue.close();
});

it('writes the layout of the BullMQ that is installed', () => {
  const { version } = createRequire(import.meta.url)('bullmq/package.json') as { version: string };
  expect(version).toBe(LAYOUT_OF);
});
