// Cancelling: what is answered holds.
import { expect, it } from 'vitest';
import { startCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();
const cluster = () => startCluster({ redisUrl: redis().url });

it('ends a queued job at once, and it never runs', async () => {
  const { addWorker, submit, desk, end } = await cluster();
  const gates = buildGates();
  const job = await submit([passGates(['open-never']), passGates(['open-never'])]);
  expect(await desk.cancel(job, 0)).toEqual([true, `Dequeued job ${job}`]);
  expect(await desk.read(job)).toMatchObject({
    status: 'canceled',
    opstatus: ['canceled', 'canceled'],
    opresult: [null, null],
    start_ts: null,
    end_ts: [expect.any(Number), expect.any(Number)],
  });
  const next = await submit(passGates(['open']));
  await addWorker({ opcodes: gates.opcodes });
  await end(next);
  expect(gates.events.filter(({ gate }) => gate === 'open-never')).toEqual([]);
  expect(await desk.cancel(job, 0)).toEqual([false, `Job ${job} has ended already, status canceled`]);
});

it('ends a job that waits for a lock, which then is not in the way of the next', async () => {
  const { addWorker, submit, desk, end } = await cluster();
  const gates = buildGates();
  await addWorker({ opcodes: gates.opcodes });
  const holder = await submit(passGates(['here'], { lock: ['web1'] }));
  await gates.arrivals('here');
  const waiting = await submit(passGates(['open-never'], { lock: ['web1'] }));
  await desk.waitFor(waiting, ({ oplog }) => (oplog[0]?.length ?? 0) > 0, patience(5000));
  const next = await submit(passGates(['open'], { lock: ['web1'] }));
  expect(await desk.cancel(waiting, patience(5000))).toEqual([true, 'Job successfully cancelled']);
  expect(await desk.read(waiting)).toMatchObject({ status: 'canceled', opresult: ['Job canceled by request'] });
  gates.open('here');
  expect((await end(next)).status).toBe('success');
  expect((await end(holder)).status).toBe('success');
  expect(gates.events.filter(({ gate }) => gate === 'open-never')).toEqual([]);
});

it('undoes a running job, and leaves the opcodes after it alone', async () => {
  const { addWorker, submit, desk } = await cluster();
  const gates = buildGates();
  await addWorker({ opcodes: gates.opcodes });
  const job = await submit([passGates(['open-1']), passGates(['open-2', 'here', 'open-never']), passGates(['open-never'])]);
  await gates.arrivals('here');
  expect(await desk.cancel(job, patience(5000))).toEqual([true, 'Job successfully cancelled']);
  const record = await desk.read(job);
  expect([record?.status, record?.opstatus]).toEqual(['canceled', ['success', 'canceled', 'canceled']]);
  expect(record?.opresult).toEqual([['open-1'], 'Job canceled by request', 'Job canceled by request']);
  expect(gates.events.slice(-3).map(({ gate, what }) => [gate, what])).toEqual([
    ['here', 'stopped'],
    ['here', 'undone'],
    ['open-2', 'undone'],
  ]);
});

it('says so when a job does not end in time, or ends otherwise', async () => {
  const { addWorker, submit, desk, end } = await cluster();
  const gates = buildGates();
  gates.deaf('here');
  await addWorker({ opcodes: gates.opcodes });
  const job = await submit(passGates(['here']));
  await gates.arrivals('here');
  expect(await desk.cancel(job, 50)).toEqual([false, `Job ${job} was asked to stop and has not ended yet`]);
  expect((await desk.read(job))?.status).toBe('canceling');
  const again = desk.cancel(job, patience(5000));
  gates.open('here');
  expect(await again).toEqual([false, `Job ${job} ended before it could be cancelled, status success`]);
  expect((await end(job)).status).toBe('success');
  expect(await desk.cancel(job, 0)).toEqual([false, `Job ${job} has ended already, status success`]);
  expect(await desk.cancel(99, 0)).toBeUndefined();
});

it('holds for each of fifty jobs while a worker drains them: it ran wholly or never began', async () => {
  for (let round = 0; round < 20; round++) {
    const { addWorker, submit, desk, end, closing } = await cluster();
    const gates = buildGates();
    const jobs = await Promise.all(Array.from({ length: 50 }, () => submit(passGates(['open-1', 'open-2']))));
    const started = addWorker({ opcodes: gates.opcodes, openJobs: 1 + round });
    // From the back, and later with every round, so that the two meet in the middle.
    if (round > 0) await gates.arrivals('open-1', round);
    const answers = new Map(
      await Promise.all(jobs.toReversed().map(async (job) => [job, await desk.cancel(job, patience(5000))] as const)),
    );
    const records = await Promise.all(jobs.map((job) => end(job)));
    await started;
    for (const { id, status } of records) {
      const happened = gates.events.flatMap(({ job, gate, what }) => (job === id && what !== 'arrived' ? [`${gate} ${what}`] : []));
      const [canceled, text] = answers.get(id) ?? [];
      expect([canceled, status]).toEqual(canceled === true ? [true, 'canceled'] : [false, 'success']);
      if (text?.startsWith('Dequeued') === true) expect(happened).toEqual([]);
      if (status === 'success') expect(happened).toEqual(['open-1 passed', 'open-2 passed']);
      const count = (what: string) => happened.filter((event) => event.endsWith(what)).length;
      if (status === 'canceled') expect(count('undone')).toBeGreaterThanOrEqual(count('passed'));
    }
    await closing.close();
  }
});
