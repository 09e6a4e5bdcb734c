// What becomes of a job whose worker dies, goes away or loses touch: another one goes on with it, and nobody does anything twice.
import { expect, it, vi } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import { listLocks } from '../../src/cluster/lock-list.js';
import { startCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { durationMs } from '../harness/stalls.js';

const redis = redisForFile();

const takeUps = ({ oplog }: JobRecord) =>
  oplog.map((entries) => entries.flatMap(([, , , text]) => (text.startsWith('taken up') ? [text.replace(/ by worker \S+/, '')] : [])));
const cluster = () => startCluster({ redisUrl: redis().url });

it('is taken up within 10 s at the step where the worker died, once, and said so of that opcode only', async () => {
  const { addWorker, submit, end } = await cluster();
  const [lost, kept] = [buildGates(), buildGates()];
  const doomed = await addWorker({ opcodes: lost.opcodes });
  const job = await submit([passGates(['open-1']), passGates(['open-2', 'here', 'open-3']), passGates(['open-4'])]);
  await lost.arrivals('here');
  const tookMs = await durationMs(async () => {
    await doomed.die();
    await addWorker({ opcodes: kept.opcodes });
    await kept.arrivals('here');
  });
  expect(tookMs).toBeLessThan(10_000);
  kept.open('here');
  const record = await end(job);
  expect(record.status).toBe('success');
  expect(takeUps(record)).toEqual([[], ['taken up at step 2 of 3 ("pass here")'], []]);
  expect(kept.events.flatMap(({ gate, what }) => (what === 'passed' ? [gate] : []))).toEqual(['here', 'open-3', 'open-4']);
});

it('is given up when too many workers died at one step, and not when it got on between', async () => {
  const { addWorker, submit, end } = await cluster();
  const stations = [buildGates(), buildGates(), buildGates()] as const;
  const [stuck, moving] = [
    await submit(passGates(['open', 'here', 'open-end'])),
    await submit(passGates(['there', 'further', 'open-end'])),
  ];
  const first = await addWorker({ opcodes: stations[0].opcodes, takeUpLimit: 1 });
  await Promise.all([stations[0].arrivals('here'), stations[0].arrivals('there')]);
  await first.die();
  const second = await addWorker({ opcodes: stations[1].opcodes, takeUpLimit: 1 });
  stations[1].open('there');
  await Promise.all([stations[1].arrivals('here'), stations[1].arrivals('further')]);
  await second.die();
  await addWorker({ opcodes: stations[2].opcodes, takeUpLimit: 1 });
  stations[2].open('further');
  const [given, success] = [await end(stuck), await end(moving)];
  const text = 'given up at step 2 of 3 ("pass here"): 2 workers in a row died there; left behind: "pass open", and perhaps "pass here"';
  expect([given.status, given.opresult]).toEqual(['error', [['OpExecError', [text, 'environment_error']]]]);
  expect(success.status).toBe('success');
});

it('is handed over at once by a worker that goes away in good order, which is no death', async () => {
  const { addWorker, submit, end } = await cluster();
  const [leaving, staying, last] = [buildGates(), buildGates(), buildGates()];
  const first = await addWorker({ opcodes: leaving.opcodes, takeUpLimit: 1 });
  const job = await submit(passGates(['open', 'here'], { lock: ['web1'] }));
  await leaving.arrivals('here');
  const second = await addWorker({ opcodes: staying.opcodes, takeUpLimit: 1 });
  const tookMs = await durationMs(async () => {
    await first.close();
    await staying.arrivals('here');
  });
  // No time-out of the queue has to pass: the shortest of them is 5 s.
  expect(tookMs).toBeLessThan(3000);
  expect(leaving.events.filter(({ what }) => what === 'undone')).toEqual([]);
  await second.die();
  await addWorker({ opcodes: last.opcodes, takeUpLimit: 1 });
  await last.arrivals('here');
  last.open('here');
  expect((await end(job)).status).toBe('success');
});

it('stays with its worker when that one was cut off for a moment only', async () => {
  const { addWorker, submit, end } = await cluster();
  const gates = buildGates();
  const worker = await addWorker({ opcodes: gates.opcodes });
  const job = await submit(passGates(['here', 'there']));
  await gates.arrivals('here');
  worker.cut();
  gates.open('here');
  gates.open('there');
  const record = await end(job);
  expect([record.status, takeUps(record)]).toEqual(['success', [[]]]);
});

it('keeps its locks when another worker takes it up, and is not touched any more by the one that was cut off', async () => {
  const { addWorker, submit, end, store } = await cluster();
  const [frozen, living] = [buildGates(), buildGates()];
  const first = await addWorker({ opcodes: frozen.opcodes });
  const job = await submit(passGates(['here', 'open'], { lock: ['web1'] }));
  await frozen.arrivals('here');
  first.freeze();
  const second = await addWorker({ opcodes: living.opcodes });
  await living.arrivals('here');
  const holders = (await listLocks(store)).map((lock) => [lock.holders, lock.waiters].map((all) => all.map(({ worker }) => worker)));
  expect(holders).toEqual([[[second.name], []]]);
  await first.session.expire();
  living.open('here');
  const record = await end(job);
  await expect.poll(() => listLocks(store)).toEqual([]);
  // The first worker has not heard of any of this.
  await first.comeBack();
  await expect.poll(() => frozen.events.map(({ what }) => what)).toEqual(['arrived', 'stopped']);
  await first.close();
  expect([await end(job), await listLocks(store)]).toEqual([record, []]);
});

it('is not written to by a worker that has lost it', async () => {
  const { addWorker, submit, end } = await cluster();
  const [frozen, living] = [buildGates(), buildGates()];
  frozen.deaf('here');
  const first = await addWorker({ opcodes: frozen.opcodes });
  const job = await submit(passGates(['here', 'there', 'open']));
  await frozen.arrivals('here');
  first.freeze();
  await addWorker({ opcodes: living.opcodes });
  await living.arrivals('here');
  // It finishes its step, writes that down as soon as it can, and hears then that the job is another's.
  frozen.open('here');
  await first.comeBack();
  living.open('here');
  await living.arrivals('there');
  await first.close();
  living.open('there');
  expect((await end(job)).status).toBe('success');
  expect(frozen.events.map(({ gate }) => gate)).toEqual(['here', 'here']);
});

it('goes on with its locks when the session with the cluster store is lost in a step', async () => {
  const { addWorker, submit, end, store } = await cluster();
  const gates = buildGates();
  const worker = await addWorker({ opcodes: gates.opcodes });
  const job = await submit(passGates(['open-1', 'here', 'open-2'], { lock: ['web1'] }));
  await gates.arrivals('here');
  const other = await submit(passGates(['open-other'], { lock: ['web1'] }));
  await expect.poll(async () => (await listLocks(store)).flatMap(({ waiters }) => waiters.map((waiter) => waiter.job))).toEqual([other]);
  await worker.session.expire();
  expect((await listLocks(store)).map(({ holders }) => holders.map((holder) => holder.job))).toEqual([[job]]);
  gates.open('here');
  const record = await end(job);
  expect(record.status).toBe('success');
  expect((await end(other)).status).toBe('success');
  const passed = gates.events.filter(({ what }) => what === 'passed').map(({ gate }) => gate);
  expect(passed).toEqual(['open-1', 'here', 'open-2', 'open-other']);
  expect(gates.events.filter(({ what }) => what === 'arrived')).toHaveLength(4);
});

it('is left as it stands, and says so, when its lock was taken away by hand', async () => {
  const { addWorker, submit, end, store } = await cluster();
  const [lost, kept] = [buildGates(), buildGates()];
  const doomed = await addWorker({ opcodes: lost.opcodes });
  const job = await submit(passGates(['open', 'here'], { lock: ['web1'] }));
  await lost.arrivals('here');
  await doomed.die();
  for (const segment of await store.children('/locks'))
    for (const name of await store.children(`/locks/${segment}`)) await store.discard(`/locks/${segment}/${name}`);
  await addWorker({ opcodes: kept.opcodes });
  const record = await end(job);
  expect(record.opresult).toEqual([
    [
      'OpExecError',
      ['a lock of the opcode was taken away by hand; left behind: "pass open", and perhaps "pass here"', 'environment_error'],
    ],
  ]);
  expect(kept.events).toEqual([]);
});

it('waits while the cluster store is away, and is accepted meanwhile', async () => {
  const { addWorker, submit, end, desk } = await cluster();
  const gates = buildGates();
  const worker = await addWorker({ opcodes: gates.opcodes });
  const running = await submit(passGates(['here', 'open'], { lock: ['web1'] }));
  await gates.arrivals('here');
  worker.session.suspend();
  gates.open('here');
  const jobs = await Promise.all(Array.from({ length: 20 }, (_, index) => submit(passGates(['open'], { lock: [`web${index}`] }))));
  await vi.waitFor(async () => {
    const { jobs: waiting } = await desk.list({ status: ['waiting'], limit: 100 });
    expect(waiting).toHaveLength(20);
  });
  expect(gates.events.map(({ gate, what }) => [gate, what])).toEqual([
    ['here', 'arrived'],
    ['here', 'passed'],
  ]);
  worker.session.resume();
  const records = await Promise.all([running, ...jobs].map((job) => end(job)));
  expect(new Set(records.map(({ status }) => status))).toEqual(new Set(['success']));
});
