// Redis dies without warning, with jobs queued and running: whatever number was answered reaches an end, and is run once.
import { expect, it } from 'vitest';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { guestXml, newGuest } from '../harness/guests.js';
import { buildGates, passGates } from '../harness/gates.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { durationMs } from '../harness/stalls.js';

// What is answered is on disk, as in the embedded Redis and the one of the compose file.
const redis = redisForFile({ appendfsync: 'always' });

const startedOf = async (cluster: TestCluster) => {
  const gates = buildGates();
  const both = { opcodes: new Map([...opcodes, ...gates.opcodes]), openJobs: 30 };
  return { gates, workers: [await cluster.addWorker(both), await cluster.addWorker(both)] };
};

it('loses none of 200 queued and 20 running jobs, and repeats none', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const { gates } = await startedOf(cluster);
  const running = await Promise.all(
    Array.from({ length: 20 }, (_, index) => cluster.submit(passGates(['open-1', 'here', 'open-2'], { lock: [`web${index}`] }))),
  );
  await gates.arrivals('here', 20);
  const queued: { job: number; name: string }[] = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const guest = newGuest(`vm${index}`);
      // Every one waits for one of those that run.
      const depends: [number, []][] = [[running[index % 20] ?? 0, []]];
      return { job: await cluster.submit({ OP_ID: 'OP_VM_DEFINE', xml: guestXml(guest) }, { depends }), name: guest.name };
    }),
  );
  await redis().kill();
  gates.open('here');
  await redis().restart();
  const records = await Promise.all([...running, ...queued.map(({ job }) => job)].map((job) => cluster.end(job, 30_000)));
  expect(records.filter(({ status }) => status !== 'success')).toEqual([]);
  expect(await cluster.store.children('/vms')).toHaveLength(200);
  for (const { job, name } of queued) expect((await cluster.vms.get(name)).defined_by).toBe(job);
  for (const job of running) {
    const passed = gates.events.flatMap((event) => (event.job === job && event.what === 'passed' ? [event.gate] : []));
    // A step may be repeated, but never one that was written down, nor out of order.
    expect([...new Set(passed)]).toEqual(['open-1', 'here', 'open-2']);
    expect(passed.filter((gate) => gate === 'open-1')).toHaveLength(1);
  }
});

it('loses no number that it answered while it is killed again and again, and says of the others that they may be lost', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  await startedOf(cluster);
  const answered = new Map<number, string>();
  const failures: unknown[] = [];
  let submitting = true;
  const submitAllTheWhile = async (client: number) => {
    for (let number = 0; submitting; number++) {
      const guest = newGuest(`client${client}-${number}`);
      await cluster.submit({ OP_ID: 'OP_VM_DEFINE', xml: guestXml(guest) }).then(
        (job) => answered.set(job, guest.name),
        (error: unknown) => failures.push(error),
      );
      await new Promise(setImmediate);
    }
  };
  const clients = Array.from({ length: 4 }, (_, index) => submitAllTheWhile(index));
  for (let kills = 0; kills < 2; kills++) {
    const before = answered.size;
    await expect.poll(() => answered.size).toBeGreaterThan(before + 50);
    await redis().kill();
    await expect.poll(() => failures.length).toBeGreaterThan(kills);
    await redis().restart();
  }
  submitting = false;
  await Promise.all(clients);
  for (const error of failures)
    expect(error).toMatchObject({ errorClass: 'environment_error', message: expect.stringContaining('Idempotency-Key') });
  const records = await Promise.all([...answered.keys()].map((job) => cluster.end(job, 30_000)));
  expect(records.filter(({ status }) => status !== 'success')).toEqual([]);
  for (const [job, name] of answered) expect((await cluster.vms.get(name)).defined_by).toBe(job);
});

it('lets a worker end in bounded time while it is away', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const { gates, workers } = await startedOf(cluster);
  const job = await cluster.submit(passGates(['here']));
  await gates.arrivals('here');
  await redis().kill();
  expect(await durationMs(() => Promise.all(workers.map((worker) => worker.close())))).toBeLessThan(15_000);
  await redis().restart();
  const last = buildGates();
  last.open('here');
  await cluster.addWorker({ opcodes: last.opcodes });
  expect((await cluster.end(job)).status).toBe('success');
});
