// What rapid needs of Redis it gets from a master that Sentinels watch, from a cluster, and from a server with TLS and users.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openNodeCalls } from '../../src/jobs/node-calls.js';
import { serveNodeCalls } from '../../src/jobs/node-service.js';
import { connectPatiently } from '../../src/jobs/redis.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { patience } from '../lab/patience.js';
import { startMasters, startReplicated, startSecured, type RedisServers, type SecuredRedis } from '../lab/redis-servers.js';

const delay = { OP_ID: 'OP_TEST_DELAY', duration: 0 };

function forAll<T extends RedisServers>(start: () => Promise<T>): () => T {
  let servers: T | undefined;
  beforeAll(async () => void (servers = await start()));
  afterAll(() => servers?.stop());
  return () => servers as T;
}

/** Jobs, waiting, following, cancelling, priorities, children's queue, calls to nodes. */
async function everything({ addWorker, submit, desk, end, keys, redis }: TestCluster, url: string): Promise<void> {
  const gates = buildGates();
  const worker = await addWorker({ opcodes: new Map([...opcodes, ...gates.opcodes]) });
  const running = await submit(passGates(['here', 'open']));
  await gates.arrivals('here');
  const waiting = desk.waitForEnd(running, patience(30_000));
  const followed = (async () => {
    const seen: string[] = [];
    for await (const event of desk.follow(running, 0, AbortSignal.timeout(patience(30_000)))) seen.push(event.type);
    return seen;
  })();
  gates.open('here');
  expect((await waiting)?.status).toBe('success');
  expect(await followed).toContain('step');
  const held = await submit(passGates(['there']));
  await gates.arrivals('there');
  expect(await desk.cancel(held, patience(10_000))).toEqual([true, 'Job successfully cancelled']);
  const { jobs } = await desk.submitTogether(
    [[], [[-1, ['success']]]].map((depends) => ({
      ops: [delay],
      user: 'u',
      reason: null,
      priority: 0,
      depends: depends as [number, 'success'[]][],
      dryRun: false,
    })),
  );
  for (const job of jobs) expect((await end(job)).status).toBe('success');
  expect((await desk.list({ limit: 10 })).jobs.map(({ id }) => id)).toEqual([...jobs].toReversed().concat(held, running));

  const service = serveNodeCalls(redis, keys, { node: 'n1', handle: async ({ args }) => args, onFailure: () => undefined });
  onTestFinished(() => service.close());
  const calls = await openNodeCalls(redis, connectPatiently(url), keys);
  onTestFinished(() => calls.close());
  expect(await calls.call('n1', { method: 'echo', args: [1, 'a'] }, { timeoutMs: patience(10_000) })).toEqual([1, 'a']);
  await worker.close();
}

describe('a master with replicas and Sentinels', () => {
  const redis = forAll(startReplicated);

  it('does everything, each answer acknowledged by a replica', async () => {
    const url = `${redis().url}?replicas=1`;
    await everything(await startCluster({ redisUrl: url }), url);
  });
});

describe('a cluster', () => {
  const redis = forAll(startMasters);

  it('does everything, in one slot', async () => {
    await everything(await startCluster({ redisUrl: redis().url }), redis().url);
  });
});

describe('a server with TLS and users', () => {
  const redis = forAll<SecuredRedis>(startSecured);

  it('does everything for who knows the password and the authority', async () => {
    await everything(await startCluster({ redisUrl: redis().url }), redis().url);
  });

  it('is not there for anybody else', async () => {
    const { host, ca } = redis();
    for (const redisUrl of [
      `rediss://rapid:wrong@${host}/0?ca=${encodeURIComponent(ca)}`,
      `rediss://${host}/0?ca=${encodeURIComponent(ca)}`,
      `rediss://rapid:p%40ss%3Aword@${host}/0`,
    ]) {
      const connection = connectPatiently(redisUrl);
      onTestFinished(() => connection.disconnect());
      const refused = await Promise.race([
        connection.set('{test-x}:a', 1).then(
          () => 'taken',
          () => 'refused',
        ),
        new Promise((resolve) => void connection.once('close', () => resolve('closed'))),
      ]);
      expect(['refused', 'closed']).toContain(refused);
    }
  });
});
