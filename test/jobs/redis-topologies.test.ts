// What rapid needs of Redis it gets from a master that Sentinels watch, from a cluster, and from a server with TLS and users.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openJobDesk } from '../../src/jobs/desk.js';
import { openNodeCalls } from '../../src/jobs/node-calls.js';
import { serveNodeCalls } from '../../src/jobs/node-service.js';
import { connectPatiently } from '../../src/jobs/redis.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { guestXml, newGuest } from '../harness/guests.js';
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

  it('loses no number that was answered, and repeats nothing that was written, when the master dies', async () => {
    const url = `${redis().url}?replicas=1`;
    const cluster = await startCluster({ redisUrl: url });
    await everything(cluster, url);
    const gates = buildGates();
    await cluster.addWorker({ opcodes: new Map([...opcodes, ...gates.opcodes]), openJobs: 30 });
    const running = await Promise.all(Array.from({ length: 10 }, () => cluster.submit(passGates(['open-1', 'still', 'open-2']))));
    await gates.arrivals('still', 10);
    const answered = new Map<number, string>();
    let submitting = true;
    const submitAllTheWhile = async (client: number) => {
      for (let number = 0; submitting; number++) {
        const guest = newGuest(`client${client}-${number}`);
        const job = await cluster.submit({ OP_ID: 'OP_VM_DEFINE', xml: guestXml(guest) }).catch((error: unknown) => {
          expect(error).toMatchObject({ errorClass: 'environment_error' });
        });
        if (job !== undefined) answered.set(job, guest.name);
        await new Promise(setImmediate);
      }
    };
    const clients = [0, 1, 2].map(submitAllTheWhile);
    await expect.poll(() => answered.size).toBeGreaterThan(50);
    const before = Math.max(...answered.keys());
    await redis().servers[0]?.kill();
    await expect.poll(() => [...answered.keys()].some((job) => job > before + 5000)).toBe(true);
    submitting = false;
    await Promise.all(clients);
    gates.open('still');
    const records = await Promise.all([...running, ...answered.keys()].map((job) => cluster.end(job, patience(60_000))));
    expect(records.filter(({ status }) => status !== 'success')).toEqual([]);
    for (const [job, name] of answered) expect((await cluster.vms.get(name)).defined_by).toBe(job);
    const passed = gates.events.filter(({ gate, what }) => gate === 'open-1' && what === 'passed').map(({ job }) => job);
    expect(passed.toSorted((one, other) => one - other)).toEqual(running);
  });

  it('answers 503 when no replica has the job, and not before it was tried', async () => {
    const { keys } = await startCluster({ redisUrl: redis().url });
    const desk = await openJobDesk({ redisUrl: `${redis().url}?replicas=5`, prefix: keys.prefix, keepCount: 100, idempotencyS: 60 });
    onTestFinished(() => desk.close());
    const submission = { ops: [delay], user: 'u', reason: null, priority: 0, depends: [], dryRun: false };
    await expect(desk.submit(submission)).rejects.toMatchObject({
      errorClass: 'environment_error',
      message: expect.stringContaining('replicas'),
    });
  });
});

describe('a cluster', () => {
  const redis = forAll(startMasters);

  it('does everything, in one slot', async () => {
    await everything(await startCluster({ redisUrl: redis().url }), redis().url);
  });

  it('is waited for while masters are away', async () => {
    const cluster = await startCluster({ redisUrl: redis().url });
    const gates = buildGates();
    await cluster.addWorker({ opcodes: gates.opcodes });
    const jobs = await Promise.all(Array.from({ length: 20 }, () => cluster.submit(passGates(['here', 'open']))));
    await gates.arrivals('here', 20);
    await Promise.all(redis().servers.map((server) => server.kill()));
    gates.open('here');
    await Promise.all(redis().servers.map((server) => server.restart()));
    // Requests are refused while it is away; who looks patiently sees them end.
    const status = (job: number) => cluster.redis.hget(cluster.keys.job(job), 'status');
    for (const job of jobs) await expect.poll(() => status(job), { timeout: patience(60_000) }).toBe('success');
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
