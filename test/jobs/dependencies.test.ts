// Jobs that wait for the end of others.
import { expect, it } from 'vitest';
import type { JobStatus } from '../../schemas/job.js';
import { startCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();
const delay = { OP_ID: 'OP_TEST_DELAY', duration: 0 };
const failing = { ...delay, fail_at_step: 1 };

async function cluster(keepCount?: number) {
  const started = await startCluster({ redisUrl: redis().url, ...(keepCount === undefined ? {} : { keepCount }) });
  const after = (job: number, ...statuses: JobStatus[]) => started.submit(delay, { depends: [[job, statuses]] });
  return { ...started, after };
}

it('begin when all of them have ended as they should, and not before', async () => {
  const { addWorker, submit, end, desk } = await cluster();
  const gates = buildGates();
  await addWorker({ opcodes: new Map([...gates.opcodes]) });
  const [one, two] = [await submit(passGates(['one'])), await submit(passGates(['two']))];
  const job = await submit(passGates(['open']), {
    depends: [
      [one, ['success']],
      [two, ['success', 'error']],
    ],
  });
  await Promise.all([gates.arrivals('one'), gates.arrivals('two')]);
  gates.open('one');
  await end(one);
  // A later one that depends on nothing is through: the one that waits had its chance.
  await end(await submit(passGates(['open'])));
  expect((await desk.read(job))?.status).toBe('queued');
  gates.open('two');
  expect((await end(job)).status).toBe('success');
});

it('fail, are cancelled or run, as the end of the other one says', async () => {
  const { addWorker, submit, after, end, desk } = await cluster();
  const [good, bad, canceled] = [await submit(delay), await submit(failing), await submit(delay)];
  const jobs = await Promise.all([
    after(good, 'success'),
    after(good, 'error'),
    after(bad, 'success'),
    after(bad, 'error'),
    after(bad),
    after(canceled, 'success'),
    after(canceled, 'canceled'),
    after(canceled, 'success', 'error'),
  ]);
  expect(await desk.cancel(canceled, patience(1000))).toEqual([true, `Dequeued job ${canceled}`]);
  await addWorker();
  const records = await Promise.all(jobs.map((job) => end(job)));
  expect(records.map(({ status }) => status)).toEqual([
    'success',
    'error',
    'error',
    'success',
    'success',
    'canceled',
    'success',
    'canceled',
  ]);
  const text = `Dependency job ${bad} finished with status 'error', not one of 'success' as required`;
  expect(records[2]?.opresult).toEqual([['OpPrereqError', [text, 'wrong_state']]]);
  expect(records[5]?.opresult).toEqual(['Job canceled by request']);
});

it('are refused when they depend on a job that is not there', async () => {
  const { submit, run, addWorker, end, desk } = await cluster(2);
  const unknown = (job: number) => ({
    errorClass: 'unknown_entity',
    message: `job ${job}, on which this one depends, does not exist`,
    faults: [{ pointer: '/depends' }],
  });
  await expect(submit(delay, { depends: [[7, []]] })).rejects.toMatchObject(unknown(7));
  await expect(submit(delay, { depends: [[0, []]] })).rejects.toMatchObject(unknown(0));
  await addWorker();
  const forgotten = (await run(delay)).id;
  for (let later = 0; later < 3; later++) await run(delay);
  expect(await desk.read(forgotten)).toBeUndefined();
  await expect(submit(delay, { depends: [[forgotten, []]] })).rejects.toMatchObject(unknown(forgotten));
  // A refused one takes no number away.
  expect((await end(await submit(delay))).id).toBe(5);
});

it('run though the other one was forgotten meanwhile', async () => {
  const { addWorker, submit, after, end, desk } = await cluster(2);
  const [one, two] = [await submit(delay), await submit(delay)];
  const job = await submit(delay, {
    depends: [
      [one, ['canceled']],
      [two, ['success']],
    ],
  });
  await desk.cancel(one, 0);
  for (let more = 0; more < 2; more++) await desk.cancel(await submit(delay), 0);
  expect(await desk.read(one)).toBeUndefined();
  await after(two, 'success');
  await addWorker();
  expect((await end(job)).status).toBe('success');
});

it('leave nothing behind when they are cancelled and forgotten before the other one ends', async () => {
  const { submit, after, desk, redis: look, keys } = await cluster(1);
  const other = await submit(delay);
  const job = await after(other, 'success');
  await desk.cancel(job, 0);
  await desk.cancel(await submit(delay), 0);
  expect(await desk.read(job)).toBeUndefined();
  await desk.cancel(other, 0);
  expect(await look.exists(keys.job(job))).toBe(0);
  await expect(after(job)).rejects.toMatchObject({ errorClass: 'unknown_entity' });
});

it('of one job on a hundred, and of a hundred on one, all run', async () => {
  const { addWorker, submit, after, end } = await cluster();
  const many = await Promise.all(Array.from({ length: 100 }, () => submit(delay)));
  const one = await submit(delay, { depends: many.map((job) => [job, ['success']]) });
  const followers = await Promise.all(Array.from({ length: 100 }, () => after(one, 'success')));
  await addWorker();
  const records = await Promise.all(followers.map((job) => end(job)));
  expect(new Set(records.map(({ status }) => status))).toEqual(new Set(['success']));
});

it('in a chain follow each other at once', async () => {
  const { addWorker, submit, end } = await cluster();
  await addWorker();
  let last = await submit(delay);
  for (let length = 1; length < 20; length++) last = await submit(delay, { depends: [[last, ['success']]] });
  // What is left lying is found by a look each second: twenty of these would take longer.
  expect((await end(last, 10_000)).status).toBe('success');
});
