// Ended jobs are kept up to a count and an age; a job that has not ended is never forgotten.
import { expect, it } from 'vitest';
import { forgetOld } from '../../src/jobs/reconcile.js';
import { startCluster } from '../harness/cluster.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();
const delay = { OP_ID: 'OP_TEST_DELAY', duration: 0 };

it('by count: the oldest ends go first, with all that belongs to them', async () => {
  const { submit, desk, redis: look, keys, addWorker, end } = await startCluster({ redisUrl: redis().url, keepCount: 10 });
  const unended = await submit({ OP_ID: 'OP_VM_START', vm: 'kept' });
  const jobs = await Promise.all(
    Array.from({ length: 30 }, (_, index) => submit({ OP_ID: 'OP_VM_START', vm: `vm${index}` }, { user: `user${index}` })),
  );
  for (const job of jobs) await desk.cancel(job, 0);
  const { jobs: kept } = await desk.list({ limit: 100 });
  expect(kept.map(({ id }) => id)).toEqual([...jobs.slice(-10).toReversed(), unended]);
  expect(await desk.read(jobs[0] ?? 0)).toBeUndefined();
  await addWorker();
  expect((await end(unended)).opresult).toEqual([['OpPrereqError', ['VM "kept" does not exist', 'unknown_entity']]]);
  const names = await look.keys(`${keys.prefix.replace(/[{}]/g, '\\$&')}*`);
  expect(
    names.filter(
      (name) => /:(user0|resource:vm\/vm0)$/.test(name) || name === keys.job(jobs[0] ?? 0) || name === keys.events(jobs[0] ?? 0),
    ),
  ).toEqual([]);
});

it('by age: what ended longer ago than that is forgotten, and nothing else', async () => {
  const { submit, desk, redis: look, keys } = await startCluster({ redisUrl: redis().url });
  const [old, young, unended] = [await submit(delay), await submit(delay), await submit(delay)];
  await desk.cancel(old, 0);
  await expect.poll(() => forgetOld(look, keys, 0)).toBe(1);
  await desk.cancel(young, 0);
  expect(await forgetOld(look, keys, 3600)).toBe(0);
  expect((await desk.list({ limit: 10 })).jobs.map(({ id }) => id)).toEqual([unended, young]);
});

it('by age, by every worker, without being asked', async () => {
  const { run, desk, addWorker } = await startCluster({ redisUrl: redis().url });
  await addWorker({ keepS: 1 });
  const { id } = await run(delay);
  await expect.poll(() => desk.read(id), { timeout: patience(30_000), interval: 200 }).toBeUndefined();
});
