// Redis that is silent, full, or a replica all of a sudden: requests are told so by class, and all go on when it is over.
import { expect, it, onTestFinished } from 'vitest';
import { openJobDesk } from '../../src/jobs/desk.js';
import { openNodeCalls } from '../../src/jobs/node-calls.js';
import { connectPatiently } from '../../src/jobs/redis.js';
import { watchJobs } from '../../src/jobs/watch.js';
import { classify } from '../../src/errors/classified-error.js';
import { problemAnswer } from '../../src/http/problem.js';
import { startTcpProxy } from '../cluster/tcp-proxy.js';
import { startCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { durationMs } from '../harness/stalls.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();
const delay = { OP_ID: 'OP_TEST_DELAY', duration: 0 };

/** A network in which what is connected can fall silent while new connections are served. */
async function network() {
  const proxy = await startTcpProxy(new URL(redis().url).host);
  onTestFinished(() => proxy.close());
  return { url: `redis://${proxy.address}`, loseAnswers: proxy.loseAnswers };
}

/** The claim is ten seconds; the clock of the test is as real as the product's. */
async function within10s(what: () => Promise<unknown>): Promise<void> {
  expect(await durationMs(what)).toBeLessThan(10_000);
}

it('is connected to anew within 10 s when it falls silent: for requests', async () => {
  const { keys } = await startCluster({ redisUrl: redis().url });
  const { url, loseAnswers } = await network();
  const desk = await openJobDesk({ redisUrl: url, prefix: keys.prefix, keepCount: 100, idempotencyS: 60 });
  onTestFinished(() => desk.close());
  expect(await desk.read(1)).toBeUndefined();
  loseAnswers();
  await within10s(async () => {
    await expect
      .poll(() =>
        desk.read(1).then(
          () => 'answered',
          () => 'failed',
        ),
      )
      .toBe('answered');
  });
});

it('is connected to anew within 10 s when it falls silent: for waiters, runners and callers', async () => {
  const { keys, redis: look, submit } = await startCluster({ redisUrl: redis().url });
  const { url, loseAnswers } = await network();
  const watch = await watchJobs(connectPatiently(url), keys, 'me');
  onTestFinished(() => watch.close());
  const patient = connectPatiently(url);
  onTestFinished(() => patient.disconnect());
  const calls = await openNodeCalls(patient, connectPatiently(url), keys);
  onTestFinished(() => calls.close());
  const job = await submit(delay);
  const heard: string[] = [];
  onTestFinished(watch.on(job, (what) => heard.push(`waiter ${what}`)));
  onTestFinished(watch.asRunner(job, (what) => heard.push(`runner ${what}`)));
  await expect.poll(() => heard).toEqual(['waiter missed']);
  loseAnswers();
  await within10s(async () => {
    await expect.poll(() => heard).toEqual(['waiter missed', 'waiter missed', 'runner missed']);
    expect(await patient.ping()).toBe('PONG');
  });
  // What it says it listens to, it hears.
  await look.publish(keys.changes(job), 'written success');
  await look.publish(keys.runner('me'), `${job} cancel`);
  await expect.poll(() => heard.slice(3)).toEqual(['waiter written success', 'runner cancel']);
});

it('runs jobs again within 10 s after it fell silent for a worker', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  const worker = await cluster.addWorker({ opcodes: gates.opcodes });
  await cluster.end(await cluster.submit(passGates(['open-1'])));
  worker.loseAnswers();
  await within10s(async () => {
    expect((await cluster.end(await cluster.submit(passGates(['open-2'])))).status).toBe('success');
  });
});

const asAnswered = async (request: Promise<unknown>) => {
  const error = await request.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return 'accepted';
  const { status, headers, body } = problemAnswer(classify(error));
  return [status, body.code, headers['Retry-After']];
};

it('is 503 with Retry-After when its memory is full, and what runs goes on when there is some again', async () => {
  const { submit, redis: look, addWorker, end, desk } = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  await addWorker({ opcodes: gates.opcodes });
  const job = await submit(passGates(['here', 'open']));
  await gates.arrivals('here');
  await look.config('SET', 'maxmemory', '1mb');
  expect(await asAnswered(submit(delay))).toEqual([503, 'environment_error', '5']);
  gates.open('here');
  await expect.poll(() => gates.events.some(({ gate, what }) => gate === 'here' && what === 'passed')).toBe(true);
  await look.config('SET', 'maxmemory', '0');
  const record = await end(job);
  expect([record.status, gates.events.filter(({ what }) => what === 'passed').map(({ gate }) => gate)]).toEqual([
    'success',
    ['here', 'open'],
  ]);
  // It was refused, not lost, and nobody died.
  const events = [];
  for await (const event of desk.follow(job, 0, AbortSignal.timeout(patience(5000)))) events.push(event);
  expect(events.filter((event) => event.type === 'step').map((event) => `${event.step} ${event.phase}`)).toEqual([
    'pass here begun',
    'pass here finished',
    'pass open begun',
    'pass open finished',
  ]);
  expect(record.oplog.flat()).toEqual([]);
});

it('is 503 with Retry-After when it became a replica, and is used again when it is a master', async () => {
  const { submit, redis: look, addWorker, end } = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  await addWorker({ opcodes: gates.opcodes });
  const job = await submit(passGates(['here', 'open']));
  await gates.arrivals('here');
  const made = async () => Number(/total_connections_received:(\d+)/.exec(await look.info('stats'))?.[1]);
  const before = await made();
  await look.call('REPLICAOF', '127.0.0.1', '1');
  expect(await asAnswered(submit(delay))).toEqual([503, 'environment_error', '5']);
  await expect.poll(made).toBeGreaterThan(before);
  await look.call('REPLICAOF', 'NO', 'ONE');
  gates.open('here');
  expect((await end(job)).status).toBe('success');
  await expect.poll(() => asAnswered(submit(delay))).toBe('accepted');
});
