// A submission writes its job's place in the queue itself, in one step with the record; a newer BullMQ must still find there what it expects.
import { expect, it } from 'vitest';
import { openQueue } from '../../src/jobs/queue.js';
import { QUEUE_NAME, queueId } from '../../src/jobs/scripts/enqueue.js';
import { startCluster } from '../harness/cluster.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();
const delay = { OP_ID: 'OP_TEST_DELAY', duration: 0 };

it('puts a job into the queue as BullMQ itself would, in the order of priorities and submissions', async () => {
  const { desk, submit, redis: look, keys } = await startCluster({ redisUrl: redis().url });
  const key = (name: string) => `${keys.prefix}:${QUEUE_NAME}:${name}`;
  const queue = openQueue(look, keys);
  const [blocker, other] = [await submit(delay), await submit(delay, { priority: 5 })];
  const held = await submit(delay, { priority: 5, depends: [[blocker, []]] });
  expect(await queue.knows(held)).toBe(false);
  await desk.cancel(blocker, 0);

  const own = held + 1;
  await queue.add(own, 5, false);
  const entry = async (id: number) => {
    const { timestamp, opts = '', ...rest } = await look.hgetall(key(queueId(id)));
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
  expect([...scores.keys()]).toEqual([blocker, other, held, own].map(queueId));
  const last = scores.get(queueId(own)) ?? 0;
  expect([other, held].map((id) => last - (scores.get(queueId(id)) ?? 0))).toEqual([2, 1]);
  expect(await look.zrange(key('marker'), 0, '-1', 'WITHSCORES')).toEqual(['0', '0']);
  await queue.close();
});
