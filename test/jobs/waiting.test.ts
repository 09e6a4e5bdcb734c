// Waiting for a job to change, and following what happens to it.
import { expect, it } from 'vitest';
import { hasEnded } from '../../src/jobs/record.js';
import type { JobEvent } from '../../src/jobs/job-desk.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();
const cluster = () => startCluster({ redisUrl: redis().url });

it('wakes when something changes, and not before', async () => {
  const { addWorker, submit, desk } = await cluster();
  const gates = buildGates();
  await addWorker({ opcodes: gates.opcodes });
  const job = await submit(passGates(['here', 'there']));
  await gates.arrivals('here');
  let looks = 0;
  const done = desk.waitFor(job, (record) => ((looks += 1), record.progress[0]?.done === 1), patience(10_000));
  const ended = desk.waitFor(job, hasEnded, patience(10_000));
  gates.open('here');
  expect(await done).toMatchObject({ status: 'running', progress: [{ done: 1 }] });
  expect(looks).toBeLessThan(10);
  gates.open('there');
  expect(await ended).toMatchObject({ status: 'success' });
});

it('answers at once when there is news already, and nothing when the time is over or nobody waits any more', async () => {
  const { submit, desk } = await cluster();
  const job = await submit(passGates(['here']));
  expect(await desk.waitFor(job, () => true, 0)).toMatchObject({ id: job });
  expect(await desk.waitFor(job, hasEnded, 30)).toBeUndefined();
  const giveUp = new AbortController();
  const waiting = desk.waitFor(job, hasEnded, patience(60_000), giveUp.signal);
  giveUp.abort();
  expect(await waiting).toBeUndefined();
  expect(await desk.waitFor(job, hasEnded, patience(60_000), giveUp.signal)).toBeUndefined();
  await expect(desk.waitFor(99, hasEnded, 10)).rejects.toMatchObject({ errorClass: 'unknown_entity' });
});

it('costs two thousand waiters one connection', async () => {
  const { submit, desk, redis: look, keys } = await cluster();
  const jobs = await Promise.all(Array.from({ length: 20 }, () => submit(passGates(['here']))));
  const subscribers = async () => (await clientsOf(look, 'TYPE', 'pubsub')).length;
  const connections = async () => (await clientsOf(look)).length;
  const before = await connections();
  const waiters = Array.from({ length: 2000 }, (_, index) => desk.waitFor(jobs[index % 20] ?? 0, hasEnded, patience(30_000)));
  expect([await subscribers(), await connections()]).toEqual([1, before]);
  const channels = jobs.map((job) => keys.changes(job));
  await expect.poll(() => look.pubsub('NUMSUB', ...channels)).toEqual(channels.flatMap((channel) => [channel, 1]));
  await Promise.all(jobs.map((job) => desk.cancel(job, 0)));
  const records = await Promise.all(waiters);
  expect(records.filter((record) => record?.status !== 'canceled')).toEqual([]);
});

it('hears only of the jobs that somebody waits for', async () => {
  const { submit, desk, redis: look, keys, addWorker, end } = await cluster();
  const gates = buildGates();
  await addWorker({ opcodes: gates.opcodes });
  const [waited, other] = [await submit(passGates(['here'])), await submit(passGates(['here']))];
  await gates.arrivals('here', 2);
  const channels = async () => (await look.pubsub('CHANNELS', `${keys.prefix}:changes:*`)).map(String);
  expect(await channels()).toEqual([]);
  const ended = desk.waitForEnd(waited, patience(30_000));
  await expect.poll(channels).toEqual([keys.changes(waited)]);
  gates.open('here');
  expect(await ended).toMatchObject({ status: 'success' });
  await expect.poll(channels).toEqual([]);
  await end(other);
});

it('hears of what happened while its connection was away', async () => {
  const { submit, desk, redis: look } = await cluster();
  const job = await submit(passGates(['here']));
  const waiting = desk.waitFor(job, hasEnded, patience(10_000));
  const [listener = ''] = await clientsOf(look, 'TYPE', 'pubsub');
  await look.call('CLIENT', 'KILL', 'ID', /id=(\d+)/.exec(listener)?.[1] ?? '');
  await desk.cancel(job, 0);
  expect(await waiting).toMatchObject({ status: 'canceled' });
});

it('follows a job without a gap or a repetition while it is written to, from any event on', async () => {
  const started = await cluster();
  const { addWorker, submit, desk, end } = started;
  const job = await submit(Array.from({ length: 30 }, (_, index) => passGates([`open-${index}`, `open-${index}-2`])));
  const live = Array.from({ length: 20 }, (_, serial) => followed(started, job, serial));
  const late: Promise<JobEvent[]>[] = [];
  const gates = buildGates();
  await addWorker({ opcodes: gates.opcodes });
  for (let index = 0; index < 30; index += 3) {
    await gates.arrivals(`open-${index}`);
    late.push(followed(started, job, 0));
  }
  await end(job);
  const [all, ...others] = await Promise.all([followed(started, job, 0), ...late]);
  expect(all.map(({ serial }) => serial)).toEqual(all.map((_, index) => index + 1));
  expect(all.at(-1)).toMatchObject({ type: 'status', status: 'success' });
  expect(all.filter((event) => event.type === 'step')).toHaveLength(30 * 4);
  for (const events of others) expect(events).toEqual(all);
  for (const [serial, events] of (await Promise.all(live)).entries()) expect(events).toEqual(all.slice(serial));
  expect(await followed(started, job, all.length)).toEqual([]);
  await expect(followed(started, 99, 0)).rejects.toMatchObject({ errorClass: 'unknown_entity' });
  expect(await desk.read(job)).toMatchObject({ status: 'success' });
});

it('stops following when nobody wants it any more', async () => {
  const { submit, desk } = await cluster();
  const job = await submit(passGates(['here']));
  const giveUp = new AbortController();
  const events = desk.follow(job, 0, giveUp.signal)[Symbol.asyncIterator]();
  const next = events.next();
  giveUp.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});

/** A line for each connection that the server has. */
const clientsOf = async (look: TestCluster['redis'], ...which: string[]): Promise<string[]> =>
  String(await look.call('CLIENT', 'LIST', ...which))
    .trim()
    .split('\n');

async function followed({ desk }: TestCluster, job: number, after: number): Promise<JobEvent[]> {
  const events: JobEvent[] = [];
  for await (const event of desk.follow(job, after, AbortSignal.timeout(patience(20_000)))) events.push(event);
  return events;
}
