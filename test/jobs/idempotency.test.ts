// The same Idempotency-Key gives the same job.
import { expect, it } from 'vitest';
import { forgetOld } from '../../src/jobs/reconcile.js';
import { startCluster } from '../harness/cluster.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();
const delay = { OP_ID: 'OP_TEST_DELAY', duration: 0 };
const keyed = (key: string, request: unknown = { ops: 1 }) => ({ idempotency: { key, request } });

it('also for fifty submissions at once, and after the job has ended', async () => {
  const { submit, addWorker, end, desk } = await startCluster({ redisUrl: redis().url });
  const jobs = await Promise.all(Array.from({ length: 50 }, () => submit(delay, keyed('a'))));
  expect(new Set(jobs).size).toBe(1);
  await addWorker();
  await end(jobs[0] ?? 0);
  expect(await submit(delay, keyed('a'))).toBe(jobs[0]);
  expect((await desk.list({ limit: 10 })).jobs).toHaveLength(1);
});

it('but not with another request, and not for another user or key', async () => {
  const { submit } = await startCluster({ redisUrl: redis().url });
  const job = await submit(delay, { ...keyed('a'), user: 'alice' });
  await expect(submit(delay, { ...keyed('a', { ops: 2 }), user: 'alice' })).rejects.toMatchObject({
    name: 'IdempotencyMismatch',
    errorClass: 'wrong_input',
  });
  const others = await Promise.all([
    submit(delay, { ...keyed('a'), user: 'bob' }),
    submit(delay, { ...keyed('b'), user: 'alice' }),
    // Not the same two texts put together in another way.
    submit(delay, { ...keyed('e:a'), user: 'alic' }),
    submit(delay, { user: 'alice' }),
  ]);
  expect(new Set([job, ...others]).size).toBe(5);
  expect(await submit(delay, { ...keyed('a'), user: 'alice' })).toBe(job);
});

it('is not remembered for a submission that was refused', async () => {
  const { submit } = await startCluster({ redisUrl: redis().url });
  await expect(submit(delay, { ...keyed('a'), depends: [[99, []]] })).rejects.toMatchObject({ errorClass: 'unknown_entity' });
  expect(await submit(delay, keyed('a', 'another request'))).toBe(1);
});

it('is that of an equal request, whatever the order of its members', async () => {
  const { submit } = await startCluster({ redisUrl: redis().url });
  const job = await submit(delay, keyed('a', [{ OP_ID: 'OP_VM_START', vm: 'web1', more: { a: 1, b: [1, 2] } }]));
  expect(await submit(delay, keyed('a', [{ more: { b: [1, 2], a: 1 }, vm: 'web1', OP_ID: 'OP_VM_START' }]))).toBe(job);
  const other = submit(delay, keyed('a', [{ more: { b: [2, 1], a: 1 }, vm: 'web1', OP_ID: 'OP_VM_START' }]));
  await expect(other).rejects.toMatchObject({ name: 'IdempotencyMismatch' });
});

it('is never that of a job that was forgotten: a job lives as long as its key', async () => {
  const { submit, desk, redis: look, keys } = await startCluster({ redisUrl: redis().url, keepCount: 3 });
  const job = await submit(delay, keyed('a'));
  await desk.cancel(job, 0);
  for (let more = 0; more < 10; more++) await desk.cancel(await submit(delay), 0);
  // It counts as one of the three that are kept.
  expect(await forgetOld(look, keys, 0)).toBe(2);
  expect(await submit(delay, keyed('a'))).toBe(job);
  expect((await desk.read(job))?.status).toBe('canceled');
  expect((await desk.list({ limit: 10 })).jobs.map(({ id }) => id)).toEqual([job]);
});
