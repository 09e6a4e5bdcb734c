// OP_NODE_PRIMARY and OP_NODE_SECONDARY, on a cluster whose agents elect.
import { describe, expect, it } from 'vitest';
import { primaryElection } from '../../src/cluster/primary-election.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { addAgent, type TestAgent } from '../harness/agent.js';
import { startCluster } from '../harness/cluster.js';
import { intervene, type Intervention, type Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { standstill } from '../harness/standstill.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();
const SOON = { timeout: patience(60_000) };
const COORDINATORS = ['hv1', 'hv2', 'hv3'];

/** Three coordinators and two that are none: `hv4`, whose agent lives, and `hv5`, which is one whose agent does not. */
async function electingCluster() {
  const cluster = await startCluster({ redisUrl: redis().url, nodes: [...COORDINATORS, 'hv4', 'hv5'] });
  const agents: Record<string, TestAgent> = {};
  for (const node of [...COORDINATORS, 'hv5']) agents[node] = await addAgent(cluster, node, 200, { coordinator: true });
  await agents['hv5']?.close();
  await agents['hv5']?.session.close();
  const election = primaryElection(cluster.store);
  const primary = async () => await election.primary();
  await expect.poll(async () => COORDINATORS.includes((await primary()) ?? ''), SOON).toBe(true);
  const first = (await primary()) ?? '';
  const others = COORDINATORS.filter((node) => node !== first);
  const believers = () => COORDINATORS.filter((node) => agents[node]?.isPrimary);
  const end = async (node: string) => {
    await agents[node]?.close();
    await agents[node]?.session.close();
  };
  return { ...cluster, endAgent: end, election, primary, first, others, believers };
}

const failAsPlanned = async (): Promise<never> => {
  throw new ClassifiedError('environment_error', 'as planned');
};
const change = (to: 'PRIMARY' | 'SECONDARY', node: string | undefined) => ({ OP_ID: `OP_NODE_${to}`, node });
const refusal = (text: string, errorClass: string) => ({ status: 'error', opresult: [['OpPrereqError', [text, errorClass]]] });

it('moves the primary to the node that is asked for, and away from it', async () => {
  const { run, addWorker, believers, election, others, first } = await electingCluster();
  await addWorker();
  const [target = ''] = others;
  const moved = await run(change('PRIMARY', target));
  expect(moved).toMatchObject({ status: 'success', opresult: [{ node: target, coordinator_state: 'primary' }], progress: [{ total: 2 }] });
  expect([believers(), await election.stateOf(target), await election.stateOf(first)]).toEqual([[target], 'primary', 'secondary']);
  expect(await run(change('PRIMARY', target))).toMatchObject({ status: 'success', progress: [{ total: 0 }] });

  const left = await run(change('SECONDARY', target));
  expect(left).toMatchObject({ status: 'success', opresult: [{ node: target, coordinator_state: 'secondary' }] });
  expect([believers().length, believers()[0]]).toEqual([1, expect.not.stringMatching(target)]);
  expect(await election.wish()).toEqual({ notNode: target });
  expect(await run(change('SECONDARY', target))).toMatchObject({ status: 'success', progress: [{ total: 0 }] });
});

it('refuses nodes that are unknown, dead, or no coordinators, and to take the primary from the last one', async () => {
  const { run, addWorker, election, first, others, endAgent } = await electingCluster();
  await addWorker();
  for (const to of ['PRIMARY', 'SECONDARY'] as const) {
    expect(await run(change(to, 'nosuch'))).toMatchObject(refusal('node "nosuch" does not exist', 'unknown_entity'));
    expect(await run(change(to, 'hv4'))).toMatchObject(refusal('Cannot change router mode on non-coordinator node "hv4"', 'wrong_state'));
    expect(await run(change(to, 'hv5'))).toMatchObject(refusal('Node "hv5" is not active', 'wrong_state'));
  }
  for (const other of others) await endAgent(other);
  const text = `no other coordinator is active that could take over from node "${first}"`;
  expect(await run(change('SECONDARY', first))).toMatchObject(refusal(text, 'wrong_state'));
  expect(await election.wish()).toEqual({});
});

it('wishes again what was wished before when it fails or is cancelled, and repeats its steps without harm', async () => {
  const cluster = await electingCluster();
  const { run, submit, end, desk, addWorker, election, others, believers, first } = cluster;
  const [target = '', third = ''] = others;
  const before = { notNode: third };
  await election.setWish(before, new AbortController().signal);
  const wrapped = intervene(opcodes);
  const dry = await submit(change('PRIMARY', target), { dryRun: true });
  const failing = await submit(change('PRIMARY', target));
  wrapped.in.set(failing, { at: { 'run 1 after': failAsPlanned }, twice: true });
  const worker = await addWorker({ opcodes: wrapped.opcodes });
  expect(await end(dry)).toMatchObject({
    status: 'success',
    opresult: [{ locks: [['election/primary-wish', 'exclusive']], steps: [expect.any(String), expect.any(String)] }],
  });
  expect(await end(failing)).toMatchObject({ status: 'error', opresult: [['OpExecError', ['as planned', 'environment_error']]] });
  expect(await election.wish()).toEqual(before);

  // A job that is cancelled while it waits.
  await expect.poll(() => believers().length, SOON).toBe(1);
  const present = believers()[0] ?? first;
  const free = COORDINATORS.find((node) => node !== present) ?? '';
  let began = () => {};
  const begun = new Promise<void>((resolve) => {
    began = resolve;
  });
  await worker.close();
  const cancelled = await submit(change('PRIMARY', free), { priority: 10 });
  wrapped.in.set(cancelled, {
    at: {
      'run 1 before': async ({ signal }) => {
        began();
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      },
    },
  });
  await addWorker({ opcodes: wrapped.opcodes });
  await begun;
  await desk.cancel(cancelled, patience(20_000));
  expect((await end(cancelled)).status).toBe('canceled');
  expect(await election.wish()).toEqual(before);
  expect(await run(change('PRIMARY', present))).toMatchObject({ status: 'success' });
});

it('takes turns when two are asked for at once, and ends with one primary', async () => {
  const { submit, end, addWorker, others, believers } = await electingCluster();
  const [one, other] = await Promise.all(others.map((node) => submit(change('PRIMARY', node))));
  await addWorker();
  expect([(await end(one ?? 0)).status, (await end(other ?? 0)).status]).toEqual(['success', 'success']);
  expect(believers()).toHaveLength(1);
});

it('fails when the wished node dies before it is the primary', async () => {
  const { submit, end, addWorker, others, election, endAgent, believers } = await electingCluster();
  const [target = ''] = others;
  const wrapped = intervene(opcodes);
  const job = await submit(change('PRIMARY', target));
  wrapped.in.set(job, { at: { 'run 0 before': () => endAgent(target) } });
  await addWorker({ opcodes: wrapped.opcodes });
  const text = 'the coordinators did not agree within 30 s';
  expect(await end(job, 60_000)).toMatchObject({ status: 'error', opresult: [['OpExecError', [text, 'environment_error']]] });
  expect(await election.wish()).toEqual({});
  expect(believers()).toHaveLength(1);
});

describe.each(['PRIMARY', 'SECONDARY'] as const)('the laws of OP_NODE_%s', (to) => {
  const moments = [0, 1].flatMap((index) => (['before', 'after'] as const).map((when): Moment => `run ${index} ${when}`));

  /** The opcode's job in the queue, the node that shall be the primary in the end (any of these), and no worker yet. */
  async function prepared(intervention: Intervention) {
    const cluster = await electingCluster();
    const target = (to === 'PRIMARY' ? cluster.others[0] : cluster.first) ?? '';
    const job = await cluster.submit(change(to, target));
    const wrapped = intervene(opcodes);
    wrapped.in.set(job, intervention);
    const wished = to === 'PRIMARY' ? { node: target } : { notNode: target };
    const goal = to === 'PRIMARY' ? [target] : cluster.others;
    const isDone = async () => {
      expect(await cluster.end(job)).toMatchObject({ status: 'success', progress: [{ done: 2, total: 2 }] });
      expect([await cluster.election.wish(), goal.includes(cluster.believers().join())]).toEqual([wished, true]);
    };
    return { ...cluster, job, opcodes: wrapped.opcodes, isDone };
  }

  it.each(moments)('fails without a trace: %s', async (moment) => {
    const { addWorker, end, job, election, believers, opcodes: wrapped } = await prepared({ at: { [moment]: failAsPlanned }, twice: true });
    await addWorker({ opcodes: wrapped });
    expect(await end(job)).toMatchObject({ status: 'error', opresult: [['OpExecError', ['as planned', 'environment_error']]] });
    expect(await election.wish()).toEqual({});
    await expect.poll(() => believers().length, SOON).toBe(1);
  });

  it('can be given every step twice', async () => {
    const { addWorker, isDone, opcodes: wrapped } = await prepared({ twice: true });
    await addWorker({ opcodes: wrapped });
    await isDone();
  });

  it('goes on in another worker from any step', async () => {
    await Promise.all(
      moments.map(async (moment) => {
        const { hold, letGo, arrival } = standstill();
        const { addWorker, isDone, opcodes: wrapped } = await prepared({ at: { [moment]: hold } });
        const doomed = await addWorker({ opcodes: wrapped });
        await arrival;
        await doomed.die();
        await addWorker();
        await isDone();
        await doomed.comeBack();
        letGo();
        await doomed.close();
        await isDone();
      }),
    );
  });
});
