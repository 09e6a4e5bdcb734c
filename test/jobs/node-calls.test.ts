// Calls to a node's agent: answered once there is an agent, never done when they were given up, and nothing is left of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Queue } from 'bullmq';
import { expect, it, onTestFinished } from 'vitest';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { queueOf } from '../../src/jobs/node-call.js';
import { startTcpProxy } from '../cluster/tcp-proxy.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';
import { nodesUnderTest, type NodesUnderTest } from './node-under-test.js';

const redis = redisForFile({ appendfsync: 'always' });

const SOON = { timeout: patience(30_000) };
/** Of calls that are not meant to be given up. */
const PATIENT = { timeoutMs: patience(60_000) };
/** Of those that are; an agent that lives gives signs of life far more often. */
const SHORT = { timeoutMs: 3000 };

const ask = (method: string, ...args: unknown[]) => ({ method, args });

/** What a caller hears when it gives up. */
const refusal = (text: string) => ({ errorClass: 'environment_error', message: expect.stringContaining(text) });

/** An agent that notes what it does; `hold` is held until the test lets it go. */
function agent() {
  const done: string[] = [];
  const door: { open: () => void } = { open: () => undefined };
  const opened = new Promise<void>((resolve) => (door.open = resolve));
  return {
    done,
    open: () => door.open(),
    async handle({ method, args }: { method: string; args: readonly unknown[] }) {
      done.push(method);
      if (method === 'hold') await opened;
      return args[0] ?? method;
    },
  };
}

/** The keys that calls have left behind, beside what BullMQ keeps of a queue that is empty. */
async function leftovers({ redis: connection, keys }: NodesUnderTest): Promise<string[]> {
  const all = await connection.keys(`${keys.prefix}:*`);
  return all.filter((key) => !/:(meta|id|events|stalled-check|marker|stalled)$/.test(key)).toSorted();
}

it('answers with what the agent returned, and fails as it failed', async () => {
  const nodes = nodesUnderTest(redis().url);
  const calls = await nodes.openCaller();
  nodes.serve('hv1', async ({ method, args }) => {
    if (method === 'echo') return args[0];
    if (method === 'refuse') throw new ClassifiedError('already_exists', 'the name is taken', { cause: new Error('inner') });
    if (method === 'nothing') return undefined;
    throw new Error('secret');
  });
  const answered = async (value: unknown) => await calls.call('hv1', ask('echo', value), PATIENT);
  for (const value of [{ state: 'running', list: [1, null] }, 'text with "quotes" and spaces', null, false, 0, 'ß'.repeat(300_000)]) {
    expect(await answered(value)).toEqual(value);
  }
  expect(await calls.call('hv1', ask('nothing'), PATIENT)).toBeUndefined();
  await expect(calls.call('hv1', ask('refuse'), PATIENT)).rejects.toMatchObject({
    errorClass: 'already_exists',
    message: 'the name is taken',
    cause: undefined,
  });
  await expect(calls.call('hv1', ask('break'), PATIENT)).rejects.toMatchObject({
    errorClass: 'internal_error',
    message: expect.not.stringContaining('secret'),
  });
  await expect.poll(() => leftovers(nodes), SOON).toEqual([]);
});

it('serves many at once, from several callers to several nodes, each at its own node', async () => {
  const nodes = nodesUnderTest(redis().url);
  const callers = await Promise.all([nodes.openCaller(), nodes.openCaller()]);
  const names = ['hv1', 'hv2', 'hv3.example'];
  for (const name of names) nodes.serve(name, async ({ args }) => `${name} ${String(args[0])}`);
  const asked = callers.flatMap((caller, from) =>
    names.flatMap((name) =>
      Array.from({ length: 200 }, async (_, number) => {
        expect(await caller.call(name, ask('echo', `${from}-${number}`), PATIENT)).toBe(`${name} ${from}-${number}`);
      }),
    ),
  );
  await Promise.all(asked);
  await expect.poll(() => leftovers(nodes), SOON).toEqual([]);
});

it('does not hold short calls up behind long ones', async () => {
  const nodes = nodesUnderTest(redis().url);
  const calls = await nodes.openCaller();
  const { handle, open, done } = agent();
  nodes.serve('hv1', handle);
  const long = Array.from({ length: 40 }, () => calls.call('hv1', ask('hold'), PATIENT));
  await expect.poll(() => done.length, SOON).toBe(40);
  expect(await calls.call('hv1', ask('short'), PATIENT)).toBe('short');
  open();
  expect(new Set(await Promise.all(long))).toEqual(new Set(['hold']));
});

it('gives up a call to a node that is dead, and it is not done when the node is back', async () => {
  const nodes = nodesUnderTest(redis().url);
  const calls = await nodes.openCaller();
  await expect(calls.call('hv1', ask('late'), SHORT)).rejects.toMatchObject(refusal('it was not done'));
  await expect.poll(() => leftovers(nodes), SOON).toEqual([]);
  const { handle, done } = agent();
  nodes.serve('hv1', handle);
  expect(await calls.call('hv1', ask('next'), PATIENT)).toBe('next');
  expect(done).toEqual(['next']);
});

it('gives a call to a node that comes back in time', async () => {
  const nodes = nodesUnderTest(redis().url);
  const calls = await nodes.openCaller();
  const asked = calls.call('hv1', ask('wait'), PATIENT);
  await expect.poll(async () => (await leftovers(nodes)).length, SOON).toBeGreaterThan(0);
  nodes.serve('hv1', agent().handle);
  expect(await asked).toBe('wait');
});

it('takes a call back that was not begun, and waits for one that was', async () => {
  const nodes = nodesUnderTest(redis().url);
  const calls = await nodes.openCaller();
  const withdrawal = new AbortController();
  const withdrawn = calls.call('hv1', ask('withdrawn'), { ...PATIENT, signal: withdrawal.signal });
  await expect.poll(async () => (await leftovers(nodes)).length, SOON).toBeGreaterThan(0);
  withdrawal.abort(new Error('changed my mind'));
  await expect(withdrawn).rejects.toThrow('changed my mind');
  await expect(calls.call('hv1', ask('too late'), { ...PATIENT, signal: withdrawal.signal })).rejects.toThrow('changed my mind');

  const { handle, open, done } = agent();
  nodes.serve('hv1', handle);
  const regret = new AbortController();
  const begun = calls.call('hv1', ask('hold'), { ...PATIENT, signal: regret.signal });
  await expect.poll(() => done, SOON).toEqual(['hold']);
  regret.abort(new Error('too late'));
  open();
  expect(await begun).toBe('hold');
});

it('waits for a long call as long as its agent is at it', async () => {
  const nodes = nodesUnderTest(redis().url);
  const calls = await nodes.openCaller();
  const { handle, open, done } = agent();
  nodes.serve('hv1', handle);
  const long = calls.call('hv1', ask('hold'), SHORT);
  await expect.poll(() => done, SOON).toEqual(['hold']);
  const beats = async () => {
    const [key = ''] = await nodes.redis.keys(nodes.keys.call('*'));
    return Number(await nodes.redis.hget(key, 'beats'));
  };
  // Four within the time that its caller waits for one.
  await expect.poll(beats, SOON).toBeGreaterThan(9);
  open();
  expect(await long).toBe('hold');
});

it('hears an answer whose publication was lost', async () => {
  const proxy = await startTcpProxy(new URL(redis().url).host);
  onTestFinished(() => proxy.close());
  const nodes = nodesUnderTest(redis().url);
  const calls = await nodes.openCaller(`redis://${proxy.address}`);
  nodes.serve('hv1', agent().handle);
  expect(await calls.call('hv1', ask('heard'), PATIENT)).toBe('heard');
  proxy.loseAnswers();
  expect(await calls.call('hv1', ask('not heard'), PATIENT)).toBe('not heard');
});

it('survives a restart of Redis, with calls under way and calls that wait', async () => {
  const nodes = nodesUnderTest(redis().url);
  const calls = await nodes.openCaller();
  const { handle, open, done } = agent();
  nodes.serve('hv1', handle);
  const begun = calls.call('hv1', ask('hold'), PATIENT);
  const waiting = calls.call('hv2', ask('wait'), PATIENT);
  await expect.poll(() => done, SOON).toEqual(['hold']);
  await expect.poll(async () => (await nodes.redis.keys(nodes.keys.call('*'))).length, SOON).toBe(2);
  await redis().kill();
  const meanwhile = calls.call('hv1', ask('meanwhile'), PATIENT);
  open();
  await redis().restart();
  nodes.serve('hv2', handle);
  expect(await Promise.all([begun, waiting, meanwhile])).toEqual(['hold', 'wait', 'meanwhile']);
  await expect.poll(() => leftovers(nodes), SOON).toEqual([]);
});

it('leaves nothing for ever when callers die', async () => {
  const nodes = nodesUnderTest(redis().url);
  const dying = await nodes.openCaller();
  const lost = dying.call('hv1', ask('orphan'), SHORT).catch((error: unknown) => error);
  await expect.poll(async () => (await nodes.redis.keys(nodes.keys.call('*'))).length, SOON).toBe(1);
  await dying.close();
  expect(await lost).toMatchObject({ errorClass: 'environment_error' });
  const [key = ''] = await nodes.redis.keys(nodes.keys.call('*'));
  expect(await nodes.redis.pttl(key)).toBeGreaterThan(0);

  // What stands in the queue since yesterday goes when somebody else gives up.
  const queue = new Queue(queueOf('hv1'), { connection: nodes.redis, prefix: nodes.keys.prefix });
  await queue.add('call', null, { jobId: 'old', timestamp: Date.now() - 86_400_000 });
  const calls = await nodes.openCaller();
  await expect(calls.call('hv1', ask('late'), SHORT)).rejects.toMatchObject(refusal('it was not done'));
  await expect.poll(async () => (await queue.getWaiting()).map(({ id }) => id === 'old'), SOON).toEqual([false]);
  await queue.close();
});

/** An agent as a process; answers what it does, one call after the other, as it begins. */
async function startAgentProcess({ keys }: NodesUnderTest, node: string) {
  const program = join(import.meta.dirname, 'node-agent.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, redis().url, keys.prefix, node], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
  await expect.poll(() => said, SOON).toContain('ready');
  return {
    said,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

it('does a call again that its agent was killed in, when the agent is back', async () => {
  const nodes = nodesUnderTest(redis().url);
  const calls = await nodes.openCaller();
  const doomed = await startAgentProcess(nodes, 'hv1');
  const asked = calls.call('hv1', ask('hold'), PATIENT);
  await expect.poll(() => doomed.said, SOON).toContain('hold');
  await doomed.kill();
  const { handle, open, done } = agent();
  nodes.serve('hv1', handle);
  await expect.poll(() => done, SOON).toEqual(['hold']);
  open();
  expect(await asked).toBe('hold');
  await expect.poll(() => leftovers(nodes), SOON).toEqual([]);
});

it('gives up a call that its agent was killed in, and does not know whether it was done; it is not begun again', async () => {
  const nodes = nodesUnderTest(redis().url);
  const calls = await nodes.openCaller();
  const doomed = await startAgentProcess(nodes, 'hv1');
  const asked = calls.call('hv1', ask('hold'), SHORT);
  asked.catch(() => undefined);
  await expect.poll(() => doomed.said, SOON).toContain('hold');
  await doomed.kill();
  await expect(asked).rejects.toMatchObject(refusal('may or may not have been done'));
  const { handle, done } = agent();
  nodes.serve('hv1', handle);
  expect(await calls.call('hv1', ask('next'), PATIENT)).toBe('next');
  // BullMQ gives the other one out again, for it was not answered, and it is refused.
  await expect.poll(() => leftovers(nodes), SOON).toEqual([]);
  expect(done).toEqual(['next']);
});
