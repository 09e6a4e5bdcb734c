// A rolling upgrade: workers of two versions side by side, in both directions, and one of them is killed in the middle of a job.
import { expect, it } from 'vitest';
import type { JobRecord, Timestamp } from '../../schemas/job.js';
import { startCluster } from '../harness/cluster.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';
import { MAKE_THINGS, makeThings, openWorkshop, type Version } from '../harness/versions.js';

const redis = redisForFile();

const OLD = ['copy', 'switch', 'sweep'];
const logOf = ({ oplog }: JobRecord) => oplog.flat().map(([, , , text]) => text);
const microseconds = (at: Timestamp | null) => (at === null ? Infinity : at[0] * 1e6 + at[1]);
const failed = (kind: string, text: string, errorClass = 'environment_error') => [[kind, [text, errorClass]]];

/** Killed in its second step by a worker of one version, taken up by one of another. */
async function takenUp(first: Version, second: Version) {
  const cluster = await startCluster({ redisUrl: redis().url });
  const workshop = openWorkshop();
  const doomed = await cluster.addWorker({ name: 'first', opcodes: workshop.opcodes({ ...first, stands: true }) });
  const job = await cluster.submit(makeThings('switch'));
  await workshop.standing();
  await cluster.addWorker({ name: 'second', opcodes: workshop.opcodes(second), unknownOpcodeS: 2 });
  await doomed.die();
  return { record: await cluster.end(job, 30_000), made: workshop.made };
}

const GOES_ON: [title: string, first: Version, second: Version, made: string[]][] = [
  ['has the same steps', { things: OLD }, { things: OLD }, OLD],
  [
    'has one step more, after those that were begun',
    { things: OLD },
    { things: ['copy', 'switch', 'check', 'sweep'] },
    ['copy', 'switch', 'check', 'sweep'],
  ],
  ['has one step less, after those that were begun', { things: OLD }, { things: ['copy', 'switch'] }, ['copy', 'switch']],
];

it('goes on where the steps of the worker that takes it up begin as those of the one that died', async () => {
  const outcomes = await Promise.all(GOES_ON.map(async ([, first, second]) => await takenUp(first, second)));
  for (const [index, [title, , { things }, made]] of GOES_ON.entries()) {
    const record = outcomes[index]?.record;
    expect.soft([record?.status, record?.opresult], title).toEqual(['success', [made]]);
    expect.soft(record?.progress[0], title).toMatchObject({ steps: things.map((thing) => `make the ${thing}`), done: made.length });
  }
});

const DIFFERS: [title: string, second: string[], text: string][] = [
  [
    'a step before',
    ['prepare', ...OLD],
    'step 1 was "make the copy" when this was begun, and this worker\'s version has "make the prepare" in its place',
  ],
  [
    'another step in the place of the one that was begun',
    ['copy', 'check', 'switch', 'sweep'],
    'step 2 was "make the switch" when this was begun, and this worker\'s version has "make the check" in its place',
  ],
  [
    'not the step that was done',
    ['switch', 'sweep'],
    'step 1 was "make the copy" when this was begun, and this worker\'s version has "make the switch" in its place',
  ],
  [
    'not the step that was begun',
    ['copy'],
    'step 2 was "make the switch" when this was begun, and this worker\'s version has no such step',
  ],
];

it('guesses nothing where they do not', async () => {
  const outcomes = await Promise.all(DIFFERS.map(async ([, things]) => await takenUp({ things: OLD }, { things })));
  for (const [index, [title, , text]] of DIFFERS.entries()) {
    const left = `${text}; left behind: "make the copy", and perhaps "make the switch"`;
    expect.soft(outcomes[index]?.record.opresult, title).toEqual(failed('OpExecError', left));
    expect.soft(outcomes[index]?.made, title).toEqual(['copy']);
  }
});

it('ends when the steps cannot be made of the facts any more, with what is left behind', async () => {
  const read = (facts: unknown) => void (facts as { settings: { flags: [] } }).settings.flags.length;
  const { record, made } = await takenUp({ things: OLD }, { things: OLD, read });
  expect(record.opresult).toEqual(
    failed(
      'OpExecError',
      'internal error; the log of the process that met it says more; left behind: "make the copy", and perhaps "make the switch"',
      'internal_error',
    ),
  );
  expect(made).toEqual(['copy']);
  expect(logOf(record).filter((text) => text.startsWith('taken up'))).toHaveLength(1);
});

it('is undone when its result cannot be made', async () => {
  const { addWorker, run } = await startCluster({ redisUrl: redis().url });
  const workshop = openWorkshop();
  const result = () => {
    throw new TypeError('flags is undefined');
  };
  await addWorker({ opcodes: workshop.opcodes({ things: OLD, result }) });
  const record = await run(makeThings('nothing'));
  expect(record.opresult).toEqual(failed('OpExecError', 'internal error; the log of the process that met it says more', 'internal_error'));
  expect(workshop.made).toEqual([]);
});

for (const [title, begun, other] of [
  ['a newer version', 2, 1],
  ['an older version', 1, 2],
] as const) {
  it(`is left to the workers of its own version when ${title} has begun it`, async () => {
    const { addWorker, submit, end } = await startCluster({ redisUrl: redis().url });
    const workshop = openWorkshop();
    const doomed = await addWorker({ name: 'doomed', opcodes: workshop.opcodes({ version: begun, things: OLD, stands: true }) });
    const job = await submit(makeThings('switch'));
    await workshop.standing();
    await addWorker({ name: 'other', opcodes: workshop.opcodes({ version: other, things: ['something else'] }), unknownOpcodeS: 2 });
    await addWorker({ name: 'same', opcodes: workshop.opcodes({ version: begun, things: OLD }), unknownOpcodeS: 2 });
    await doomed.die();
    const record = await end(job, 60_000);
    expect([record.status, record.opresult]).toEqual(['success', [OLD]]);
    expect(logOf(record)).toContain('taken up by worker same at step 2 of 3 ("make the switch")');
  });

  it(`ends with what is left behind, and its child before it, when ${title} has begun it and nobody of that lives`, async () => {
    const { addWorker, submit, end, desk } = await startCluster({ redisUrl: redis().url });
    const workshop = openWorkshop();
    const doomed = await addWorker({ name: 'doomed', opcodes: workshop.opcodes({ version: begun, things: OLD, stands: true }) });
    const job = await submit(makeThings('switch', { child: true }));
    await expect.poll(async () => (await desk.read(job))?.children.length, { timeout: patience(10_000) }).toBe(1);
    await addWorker({ name: 'other', opcodes: workshop.opcodes({ version: other, things: OLD }), unknownOpcodeS: 2 });
    await doomed.die();
    const record = await end(job, 60_000);
    const text = `no living worker knows version ${begun} of ${MAKE_THINGS}, which was begun and stands at step 2 of 3 ("make the switch")`;
    expect(record.opresult).toEqual(failed('OpExecError', `${text}; left behind: "make the copy", and perhaps "make the switch"`));
    expect(logOf(record)).toContainEqual(expect.stringContaining(`worker other does not know version ${begun} of ${MAKE_THINGS}`));
    const [child] = record.children;
    const ended = await end(child ?? 0);
    expect(ended.status).toBe('canceled');
    expect(microseconds(ended.end_ts)).toBeLessThanOrEqual(microseconds(record.end_ts));
    expect(workshop.made).toEqual(['copy']);
  });
}

it('is begun by a worker that knows it when the first one to see it does not', async () => {
  const { addWorker, submit, end, desk } = await startCluster({ redisUrl: redis().url });
  const workshop = openWorkshop();
  await addWorker({ name: 'old', unknownOpcodeS: 30 });
  const job = await submit(makeThings('nothing'));
  const isSeen = async () =>
    logOf((await desk.read(job)) as JobRecord).some((text) => text.includes(`worker old does not know ${MAKE_THINGS}`));
  await expect.poll(isSeen, { timeout: patience(10_000) }).toBe(true);
  await addWorker({ name: 'new', opcodes: workshop.opcodes({ things: OLD }) });
  const record = await end(job, 30_000);
  expect([record.status, record.opresult]).toEqual(['success', [OLD]]);
});

it('ends as one of which nothing was done when nobody knows it', async () => {
  const { addWorker, run } = await startCluster({ redisUrl: redis().url });
  await addWorker({ unknownOpcodeS: 1 });
  const record = await run([{ OP_ID: 'OP_OF_TOMORROW' }, { OP_ID: 'OP_TEST_DELAY', duration: 0 }]);
  expect(record.opresult).toEqual([
    ['OpPrereqError', ['no living worker knows OP_OF_TOMORROW; are the workers older than the API?', 'environment_error']],
    ['OpExecError', ['Preceding opcode failed']],
  ]);
});

it('is cancelled at once when nobody has begun it and nobody knows it', async () => {
  const { addWorker, submit, desk } = await startCluster({ redisUrl: redis().url });
  await addWorker({ unknownOpcodeS: 600 });
  const job = await submit({ OP_ID: 'OP_OF_TOMORROW' });
  await desk.waitFor(job, ({ status }) => status !== 'queued', patience(10_000));
  expect(await desk.cancel(job, patience(20_000))).toEqual([true, 'Job successfully cancelled']);
});

it('is refused by the worker when its parameters do not fit its schema', async () => {
  const { addWorker, run } = await startCluster({ redisUrl: redis().url });
  const workshop = openWorkshop();
  await addWorker({ opcodes: workshop.opcodes({ things: OLD }) });
  const record = await run({ OP_ID: MAKE_THINGS, at: 7, more: true });
  expect(record.opresult).toMatchObject([['OpPrereqError', [expect.stringContaining('at: must be'), 'wrong_input']]]);
  expect(workshop.made).toEqual([]);
});

it('goes to its end when it was cancelled while nobody had it, and a step may have been begun from which there is no way back', async () => {
  const { addWorker, submit, end, desk } = await startCluster({ redisUrl: redis().url });
  const workshop = openWorkshop();
  const version = { things: OLD, irrevocable: 'switch' };
  const doomed = await addWorker({ opcodes: workshop.opcodes({ ...version, stands: true }) });
  const job = await submit(makeThings('switch'));
  await workshop.standing();
  await doomed.die();
  expect(await desk.cancel(job, 0)).toEqual([false, `Job ${job} was asked to stop and has not ended yet`]);
  await addWorker({ opcodes: workshop.opcodes(version) });
  const record = await end(job, 30_000);
  expect([record.status, record.opresult]).toEqual(['success', [OLD]]);
  expect(logOf(record)).toContain(`${MAKE_THINGS} can't be cancelled any more: it is being made`);
});
