// A job's life as its record and its events tell it.
import { expect, it } from 'vitest';
import type { JobEvent } from '../../src/jobs/job-desk.js';
import { startCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();
const cluster = () => startCluster({ redisUrl: redis().url });

it('is queued, waits for its locks, runs and ends, and every status is told', async () => {
  const { addWorker, submit, end, desk } = await cluster();
  const gates = buildGates();
  const blocker = await submit(passGates(['before'], { lock: ['web1'] }));
  const job = await submit(passGates(['here', 'there'], { lock: ['web1'] }), { user: 'alice', reason: 'why not', priority: 0 });
  expect(await desk.read(job)).toMatchObject({
    id: job,
    status: 'queued',
    opstatus: ['queued'],
    opresult: [null],
    oplog: [[]],
    progress: [null],
    start_ts: null,
    end_ts: null,
    user: 'alice',
    reason: 'why not',
    dry_run: false,
  });
  await addWorker({ opcodes: gates.opcodes });
  await gates.arrivals('before');
  const waiting = await desk.waitFor(job, ({ oplog }) => (oplog[0]?.length ?? 0) > 0, patience(5000));
  expect(waiting).toMatchObject({
    status: 'waiting',
    opstatus: ['waiting'],
    start_ts: [expect.any(Number), expect.any(Number)],
    end_ts: null,
  });
  expect(waiting?.oplog[0]).toEqual([
    [1, [expect.any(Number), expect.any(Number)], 'message', `waits for vm/web1, asked for by job ${blocker} (OP_PASS_GATES) before`],
  ]);
  gates.open('before');
  await gates.arrivals('here');
  expect(await desk.read(job)).toMatchObject({
    status: 'running',
    opstatus: ['running'],
    progress: [{ steps: ['pass here', 'pass there'], done: 0, total: 2, fraction: null, figures: null }],
  });
  gates.open('here');
  await gates.arrivals('there');
  await expect.poll(async () => (await desk.read(job))?.progress[0]?.done).toBe(1);
  gates.open('there');
  const record = await end(job);
  expect(record).toMatchObject({
    status: 'success',
    opstatus: ['success'],
    opresult: [['here', 'there']],
    progress: [{ done: 2, total: 2 }],
  });
  const times = [record.received_ts, record.start_ts, record.end_ts].map((stamp) => (stamp?.[0] ?? 0) * 1e6 + (stamp?.[1] ?? 0));
  expect(times).toEqual(times.toSorted((one, other) => one - other));

  const events: JobEvent[] = [];
  for await (const event of desk.follow(job, 0, AbortSignal.timeout(patience(5000)))) events.push(event);
  expect(events.flatMap((event) => (event.type === 'status' ? [event.status] : []))).toEqual(['waiting', 'running', 'success']);
  expect(events.flatMap((event) => (event.type === 'step' ? [`${event.step} ${event.phase}`] : []))).toEqual([
    'pass here begun',
    'pass here finished',
    'pass there begun',
    'pass there finished',
  ]);
});

it('runs its opcodes in order, and says of those after one that failed that it did', async () => {
  const { addWorker, run } = await cluster();
  await addWorker();
  const delay = { OP_ID: 'OP_TEST_DELAY', duration: 0 };
  const good = await run([delay, delay, delay]);
  expect([good.status, good.opstatus, good.opresult]).toEqual(['success', ['success', 'success', 'success'], [null, null, null]]);
  const bad = await run([delay, { ...delay, fail_at_step: 1 }, delay, delay]);
  expect([bad.status, bad.opstatus]).toEqual(['error', ['success', 'error', 'error', 'error']]);
  const later = ['OpExecError', ['Preceding opcode failed']];
  expect(bad.opresult).toEqual([null, ['OpExecError', ['step 1 was asked to fail', 'environment_error']], later, later]);
});

it('has no other status than the seven, also between two opcodes', async () => {
  const { addWorker, submit, end, desk } = await cluster();
  const gates = buildGates();
  await addWorker({ opcodes: gates.opcodes });
  const blocker = await submit(passGates(['before'], { lock: ['web2'] }));
  await gates.arrivals('before');
  const job = await submit([passGates(['open'], { lock: ['web1'] }), passGates(['open'], { lock: ['web2'] })]);
  const between = await desk.waitFor(job, ({ oplog }) => (oplog[1]?.length ?? 0) > 0, patience(5000));
  expect([between?.status, between?.opstatus]).toEqual(['waiting', ['success', 'waiting']]);
  gates.open('before');
  expect((await end(job)).status).toBe('success');
  expect((await end(blocker)).status).toBe('success');
});

it('is begun in the order of its priority, and of its number among equals', async () => {
  const { addWorker, submit, end } = await cluster();
  const gates = buildGates();
  const priorities = [0, 10, -10, 0, 10, -10];
  const jobs: number[] = [];
  for (const priority of priorities) jobs.push(await submit(passGates(['open']), { priority }));
  const [a, b, c, d, e, f] = jobs;
  // All of them have to be in the queue before the first one is taken.
  await addWorker({ opcodes: gates.opcodes, openJobs: 1 });
  await Promise.all(jobs.map((job) => end(job)));
  expect(gates.events.flatMap(({ job, what }) => (what === 'passed' ? [job] : []))).toEqual([c, f, a, d, b, e]);
});

it('carries any text of its log unharmed, and numbers it over all opcodes', async () => {
  const { addWorker, run } = await cluster();
  await addWorker();
  const texts = ['é ü ß', '虚拟机已启动', 'الجهاز يعمل', 'a\u0000b', '😀 \u2028 "quoted" \\ \n', ''];
  const delay = { OP_ID: 'OP_TEST_DELAY', duration: 0 };
  const record = await run(
    [
      { ...delay, log: texts },
      { ...delay, log: texts.toReversed() },
    ],
    { reason: '停 \u0000 é' },
  );
  expect(record.oplog.map((entries) => entries.map(([, , , text]) => text))).toEqual([texts, texts.toReversed()]);
  expect(record.oplog.flat().map(([serial, , type]) => [serial, type])).toEqual(
    texts.concat(texts).map((_, index) => [index + 1, 'message']),
  );
  expect(record.reason).toBe('停 \u0000 é');
});
