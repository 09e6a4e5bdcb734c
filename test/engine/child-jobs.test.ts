// Jobs that an opcode submits as parts of its own work.
import Type from 'typebox';
import { expect, it } from 'vitest';
import { isFinal, type JobRecord, type Opcode, type Timestamp } from '../../schemas/job.js';
import { opcodeSchema } from '../../schemas/opcodes/opcode-schema.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { forgetOld } from '../../src/jobs/reconcile.js';
import { claimJob, LostJob } from '../../src/jobs/run.js';
import { opcode, step, stepKey } from '../../workers/engine/opcode.js';
import { opcodes as registry } from '../../workers/opcodes/registry.js';
import { startCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

const HaveChildren = opcodeSchema({
  id: 'OP_HAVE_CHILDREN',
  title: 'Have children',
  description: 'Runs these opcodes as jobs, all at once',
  parameters: { children: Type.Array(Type.Unknown()), fail: Type.Optional(Type.Boolean()) },
  result: Type.Array(Type.Unknown()),
});

const CHILDREN_ENDED = stepKey<string[]>('have-children');

/** The parents that were undone. */
const undone: number[] = [];

const haveChildren = opcode(HaveChildren, {
  version: 1,
  locks: () => [],
  check: async (_world, { children, fail = false }) => ({ children: children as Opcode[], fail }),
  steps: ({ children, fail }) => [
    step(CHILDREN_ENDED, 'have children', {
      run: async ({ child }) => {
        const all = Promise.all(children.map(async (op, index) => (await child(`child-${index}`, op)).status));
        if (!fail) return await all;
        await child('the one that is waited for', delay());
        all.catch(() => undefined);
        throw new ClassifiedError('wrong_state', 'as planned');
      },
      undo: async ({ job }) => void undone.push(job),
    }),
  ],
  result: (_facts, done) => done.get(CHILDREN_ENDED),
});

const microseconds = (at: Timestamp | null | undefined) => (at ? at[0] * 1e6 + at[1] : Infinity);
const delay = (lock: string[] = [], more: Record<string, unknown> = {}): Opcode => ({ OP_ID: 'OP_TEST_DELAY', duration: 0, lock, ...more });
const having = (children: Opcode[], fail = false): Opcode => ({ OP_ID: HaveChildren.id, children, fail });

async function cluster() {
  const started = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  const opcodes = new Map([...registry, ...gates.opcodes, [haveChildren.id, haveChildren]]);
  return {
    ...started,
    gates,
    addWorker: (openJobs = 100, takeUpLimit = 5) => started.addWorker({ opcodes, openJobs, takeUpLimit }),
    /** Resolves when the job has so many children, and none of them is queued any more. */
    async childrenOf(job: number, count: number): Promise<JobRecord[]> {
      await started.desk.waitFor(job, ({ children }) => children.length === count, patience(30_000));
      const { children = [] } = (await started.desk.read(job)) ?? {};
      const begun = await Promise.all(
        children.map((child) => started.desk.waitFor(child, ({ status }) => status !== 'queued', patience(30_000))),
      );
      return begun.filter((record) => record !== undefined);
    },
    /** Jobs that take these locks wait until the test opens the gate. */
    async holdLocks(lock: string[]): Promise<void> {
      await started.submit(passGates(['locks'], { lock }));
      await gates.arrivals('locks');
    },
  };
}

it('are jobs like any other, and stand in the record of their parent', async () => {
  const { addWorker, submit, end, desk } = await cluster();
  await addWorker();
  const parent = await submit(having([delay(), delay([], { fail_at_step: 1 })]), {
    user: 'alice',
    reason: 'spring cleaning',
    priority: -10,
  });
  const record = await end(parent);
  expect([record.status, record.opresult]).toEqual(['success', [['success', 'error']]]);
  expect([record.parent, record.children]).toEqual([null, [parent + 1, parent + 2]]);
  const { jobs } = await desk.list({ parent, limit: 10 });
  expect(jobs.toReversed().map(({ id, status }) => [id, status])).toEqual([
    [parent + 1, 'success'],
    [parent + 2, 'error'],
  ]);
  for (const job of jobs) {
    expect(job).toMatchObject({ parent, children: [], user: 'alice', reason: 'spring cleaning', priority: -10, dry_run: false });
  }
  expect((await desk.list({ parent: parent + 1, limit: 10 })).jobs).toEqual([]);
  const [child] = (await end(await submit(having([delay()])))).children;
  expect((await desk.read(child ?? 0))?.reason).toBe(`job ${(child ?? 0) - 1}`);
});

it('need no places that those who wait for them have', async () => {
  const { addWorker, submit, end } = await cluster();
  await addWorker(1);
  const parents = [await submit(having([delay(), delay()])), await submit(having([delay()]))];
  for (const parent of parents) expect((await end(parent)).status).toBe('success');
});

it('are refused what the catalogue refuses', async () => {
  const { addWorker, run, desk } = await cluster();
  await addWorker();
  const record = await run(having([{ OP_ID: 'OP_TEST_DELAY', duration: -1 }]));
  expect(record.opresult).toMatchObject([['OpExecError', [expect.any(String), 'wrong_input']]]);
  expect(record.children).toEqual([]);
  expect((await desk.list({ limit: 10 })).jobs).toHaveLength(1);
});

it('are not submitted by a dry run', async () => {
  const { addWorker, run, desk } = await cluster();
  await addWorker();
  const record = await run(having([delay()]), { dryRun: true });
  expect([record.status, record.children]).toEqual(['success', []]);
  expect((await desk.list({ limit: 10 })).jobs).toHaveLength(1);
});

it('go on when the worker of their parent dies, and are waited for by the next one', async () => {
  const { addWorker, submit, end, childrenOf, holdLocks, gates } = await cluster();
  const doomed = await addWorker();
  const other = await addWorker();
  await holdLocks(['web1', 'web2']);
  const parent = await submit(having([delay(['web1']), delay(['web2']), delay()]));
  const before = await childrenOf(parent, 3);
  await doomed.die();
  await other.close();
  await addWorker();
  await expect.poll(async () => (await end(parent + 3)).status).toBe('success');
  gates.open('locks');
  const record = await end(parent, 60_000);
  expect([record.status, record.opresult]).toEqual(['success', [['success', 'success', 'success']]]);
  expect(record.children).toEqual(before.map(({ id }) => id));
});

it('are left alone when the worker of their parent goes away', async () => {
  const { addWorker, submit, end, childrenOf, holdLocks, gates } = await cluster();
  const first = await addWorker();
  await holdLocks(['web1']);
  const parent = await submit(having([delay(['web1'])]));
  const [child] = await childrenOf(parent, 1);
  await first.close();
  await addWorker();
  gates.open('locks');
  const record = await end(parent);
  expect([record.status, record.opresult, record.children]).toEqual(['success', [['success']], [child?.id]]);
});

it('are cancelled with their parent, and end before it is undone', async () => {
  const { addWorker, submit, childrenOf, holdLocks, desk } = await cluster();
  await addWorker();
  await holdLocks(['web1']);
  const parent = await submit(having([delay([], { duration: 600 }), delay(['web1']), delay()]));
  await childrenOf(parent, 3);
  await desk.waitForEnd(parent + 3, patience(30_000));
  expect(await desk.cancel(parent, patience(30_000))).toEqual([true, 'Job successfully cancelled']);
  const { jobs } = await desk.list({ parent, limit: 10 });
  expect(jobs.map(({ status }) => status)).toEqual(['success', 'canceled', 'canceled']);
  expect(undone.filter((job) => job === parent)).toEqual([parent]);
});

it('are cancelled by whoever takes up a parent that was cancelled when its worker died', async () => {
  const { addWorker, submit, end, childrenOf, desk } = await cluster();
  const doomed = await addWorker();
  const parent = await submit(having([delay([], { duration: 600 })]));
  await childrenOf(parent, 1);
  await doomed.die();
  expect(await desk.cancel(parent, 0)).toEqual([false, `Job ${parent} was asked to stop and has not ended yet`]);
  await addWorker();
  expect((await end(parent, 60_000)).status).toBe('canceled');
  expect((await desk.read(parent + 1))?.status).toBe('canceled');
});

it('are cancelled by whoever gives their parent up, and end before it', async () => {
  const { addWorker, submit, end, desk } = await cluster();
  // The child gets on between the deaths, and is not given up itself: it has a step for each second.
  const parent = await submit(having([delay([], { duration: 60 })]));
  const doneOfChild = async () => (await desk.read(parent + 1))?.progress[0]?.done ?? 0;
  for (let deaths = 0; deaths < 2; deaths++) {
    const doomed = await addWorker(100, 1);
    const before = await doneOfChild();
    await expect.poll(doneOfChild).toBeGreaterThan(before);
    await doomed.die();
  }
  await addWorker(100, 1);
  const record = await end(parent, 60_000);
  const text = 'given up at step 1 of 1 ("have children"): 2 workers in a row died there; perhaps left behind: "have children"';
  expect(record.opresult).toEqual([['OpExecError', [text, 'environment_error']]]);
  const child = await desk.read(parent + 1);
  expect(child?.status).toBe('canceled');
  expect(microseconds(child?.end_ts)).toBeLessThanOrEqual(microseconds(record.end_ts));
});

it('are cancelled when their parent fails', async () => {
  const { addWorker, run, holdLocks, desk } = await cluster();
  await addWorker();
  await holdLocks(['web1']);
  const record = await run(having([delay(['web1'])], true));
  expect(record.opresult).toEqual([['OpExecError', ['as planned', 'wrong_state']]]);
  const { jobs } = await desk.list({ parent: record.id, limit: 10 });
  expect(jobs.map(({ status }) => status).toSorted()).toEqual(['canceled', 'success']);
});

it('are submitted only by who holds their parent, once, and are on record at once', async () => {
  const { redis: connection, keys, submit, desk } = await cluster();
  const parent = await submit(having([]));
  const child = { ops: [delay()], user: 'tester', reason: null, priority: 0, depends: [], dryRun: false };
  const claim = async (worker: string) => {
    const run = await claimJob(connection, keys, 1000, { id: parent, entry: 1 }, worker);
    if (run === undefined) throw new Error('nothing to claim');
    return run;
  };
  const first = await claim('first');
  const id = await first.submitChild(0, 'one', child);
  expect((await desk.read(parent))?.children).toEqual([id]);
  const second = await claim('second');
  await expect(first.submitChild(0, 'two', child)).rejects.toThrow(LostJob);
  expect(await second.submitChild(0, 'one', child)).toBe(id);
  expect([...second.children(0)]).toEqual([['one', id]]);
  expect(await second.submitChild(1, 'one', child)).toBe(id + 1);
  expect((await desk.read(parent))?.children).toEqual([id, id + 1]);
  await second.write({ status: 'success' });
  await expect(second.submitChild(0, 'three', child)).rejects.toThrow(LostJob);
  expect((await desk.list({ parent, limit: 10 })).jobs.every(({ status }) => !isFinal(status))).toBe(true);
});

it('have failed, as far as their parent knows, when they have been forgotten', async () => {
  const { redis: connection, keys, submit, end, desk, addWorker } = await cluster();
  const parent = await submit(having([delay()]));
  const run = await claimJob(connection, keys, 1000, { id: parent, entry: 1 }, 'first');
  const child = await run?.submitChild(0, 'child-0', {
    ops: [delay()],
    user: 'tester',
    reason: null,
    priority: 0,
    depends: [],
    dryRun: false,
  });
  await desk.cancel(child ?? 0, 0);
  expect(await forgetOld(connection, keys, -60)).toBe(1);
  await addWorker();
  const record = await end(parent);
  const text = `job ${child} has ended, but how is not on record any more`;
  expect([record.opresult, record.children]).toEqual([[['OpExecError', [text, 'environment_error']]], [child]]);
  expect((await desk.list({ parent, limit: 10 })).jobs).toEqual([]);
});

it('are put in their queue again when it has lost them', async () => {
  const { redis: connection, keys, submit, end, addWorker, desk } = await cluster();
  const parent = await submit(having([delay()]));
  const run = await claimJob(connection, keys, 1000, { id: parent, entry: 1 }, 'first');
  const child = await run?.submitChild(0, 'child-0', {
    ops: [delay()],
    user: 'tester',
    reason: null,
    priority: 0,
    depends: [],
    dryRun: false,
  });
  await claimJob(connection, keys, 1000, { id: child ?? 0, entry: 1 }, 'first');
  const queued = await connection.keys(`${keys.prefix}:child-jobs:*`);
  expect(queued).toContain(`${keys.prefix}:child-jobs:r${child}-1`);
  await connection.del(...queued);
  await addWorker();
  expect((await end(parent)).opresult).toEqual([['success']]);
  expect((await desk.read(child ?? 0))?.status).toBe('success');
});
