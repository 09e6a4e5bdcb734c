// Two workers on one queue: locks have one holder at a time, who waits for one holds up nobody else, and a node runs a bounded number.
import { expect, it } from 'vitest';
import { listLocks } from '../../src/cluster/lock-list.js';
import { startCluster } from '../harness/cluster.js';
import { addGuest, guestXml, newGuest } from '../harness/guests.js';
import { buildGates, passGates, type Gates } from '../harness/gates.js';
import { intervene } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

it('runs 200 jobs, of which many want the same locks, without ever two holders', async () => {
  const { addWorker, submit, end } = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  const workers = [intervene(gates.opcodes), intervene(gates.opcodes)] as const;
  const holders = new Map<string, number>();
  const most = new Map<string, number>();
  const ran: [number, number] = [0, 0];

  const jobs: number[] = [];
  for (let number = 0; number < 200; number++) {
    const lock = `web${number % 5}`;
    const wantsNone = number % 10 === 9;
    const job = await submit(passGates(['open'], wantsNone ? {} : { lock: [lock] }));
    jobs.push(job);
    const count = (by: number) => holders.set(lock, (holders.get(lock) ?? 0) + by);
    const enter = async () => {
      count(1);
      most.set(lock, Math.max(most.get(lock) ?? 0, holders.get(lock) ?? 0));
      // Long enough for anybody who is let in wrongly to be seen.
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    };
    const leave = async () => void (wantsNone || count(-1));
    for (const index of [0, 1] as const) {
      const arrive = async () => {
        ran[index] += 1;
        if (!wantsNone) await enter();
      };
      workers[index].in.set(job, { at: { 'run 0 before': arrive, 'run 0 after': leave } });
    }
  }
  await Promise.all(workers.map(({ opcodes }) => addWorker({ opcodes, openJobs: 50 })));
  const records = await Promise.all(jobs.map((job) => end(job)));
  expect(records.filter(({ status }) => status !== 'success')).toEqual([]);
  expect([...most.values()]).toEqual([1, 1, 1, 1, 1]);
  expect(ran[0] + ran[1]).toBe(200);
  expect(Math.min(...ran)).toBeGreaterThan(0);
});

it('ends a job without locks while a hundred wait for one that a long job holds', async () => {
  const { addWorker, submit, end, run, desk } = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  await Promise.all([addWorker({ opcodes: gates.opcodes }), addWorker({ opcodes: gates.opcodes })]);
  const long = await submit(passGates(['here'], { lock: ['web1'] }));
  await gates.arrivals('here');
  const waiting = await Promise.all(Array.from({ length: 100 }, () => submit(passGates(['open'], { lock: ['web1'] }))));
  await expect.poll(async () => (await desk.list({ status: ['waiting'], limit: 200 })).jobs.length).toBe(100);
  expect((await run(passGates(['open']))).status).toBe('success');
  const { jobs } = await desk.list({ status: ['waiting'], limit: 200 });
  const texts = jobs.flatMap(({ oplog }) => oplog.flat().map(([, , , text]) => text));
  expect(texts.filter((text) => text === `waits for vm/web1, asked for by job ${long} (OP_PASS_GATES) before`)).toHaveLength(1);
  gates.open('here');
  const records = await Promise.all([long, ...waiting].map((job) => end(job)));
  expect(new Set(records.map(({ status }) => status))).toEqual(new Set(['success']));
});

it('starts an urgent job about another VM at once while 500 jobs wait for one, with few places', async () => {
  const { addWorker, submit, end, desk, store, redis: ledger, keys } = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  const few = { opcodes: gates.opcodes, openJobs: 20 };
  await Promise.all([addWorker(few), addWorker(few)]);
  const long = await submit(passGates(['here'], { lock: ['busy'] }));
  await gates.arrivals('here');
  const waiting = await Promise.all(Array.from({ length: 500 }, () => submit(passGates(['open'], { lock: ['busy'] }))));
  await expect.poll(() => ledger.zcard(keys.index('status:waiting'))).toBe(500);
  const urgent = await submit(passGates(['open'], { lock: ['idle'] }), { priority: -10 });
  const record = await end(urgent);
  expect(record.status).toBe('success');
  const [received, started] = [record.received_ts, record.opexec[0] ?? [Infinity, 0]].map(([s, us]) => s + us / 1e6);
  expect((started ?? Infinity) - (received ?? 0)).toBeLessThan(1);
  // One that is cancelled leaves the line, and holds up nobody.
  const [cancelled] = waiting.splice(250, 1);
  expect(await desk.cancel(cancelled ?? 0, patience(20_000))).toEqual([true, 'Job successfully cancelled']);
  const line = (await listLocks(store)).flatMap(({ waiters }) => waiters.map(({ job }) => job));
  expect(line.toSorted((one, other) => one - other)).toEqual(waiting);
  gates.open('here');
  const records = await Promise.all([long, ...waiting].map((job) => end(job, 60_000)));
  expect(new Set(records.map(({ status }) => status))).toEqual(new Set(['success']));
  const order = gates.events.filter(({ gate, what }) => gate === 'open' && what === 'passed').map(({ job }) => job);
  expect(order.slice(1)).toEqual(line);
  expect(await ledger.zcard(keys.index('status:waiting'))).toBe(0);
});

it('lets those go on that a worker had parked when it died, or went away', async () => {
  const { addWorker, submit, end, redis: ledger, keys } = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  const [holding, doomed, leaving] = [
    await addWorker({ opcodes: gates.opcodes, openJobs: 1 }),
    await addWorker({ opcodes: gates.opcodes, openJobs: 10 }),
    await addWorker({ opcodes: gates.opcodes, openJobs: 10 }),
  ];
  const long = await submit(passGates(['here'], { lock: ['busy'] }));
  await gates.arrivals('here');
  const waiting = await Promise.all(Array.from({ length: 20 }, () => submit(passGates(['open'], { lock: ['busy'] }))));
  await expect.poll(() => ledger.zcard(keys.index('status:waiting'))).toBe(20);
  await Promise.all([doomed.die(), leaving.close()]);
  gates.open('here');
  await addWorker({ opcodes: gates.opcodes });
  const records = await Promise.all([long, ...waiting].map((job) => end(job, 60_000)));
  expect(new Set(records.map(({ status }) => status))).toEqual(new Set(['success']));
  await holding.close();
});

it('runs no more opcodes on a node than it may, over both workers', async () => {
  const { addWorker, submit, end, desk } = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  await Promise.all([addWorker({ opcodes: gates.opcodes, opcodesPerNode: 3 }), addWorker({ opcodes: gates.opcodes, opcodesPerNode: 3 })]);
  const jobs = await Promise.all(Array.from({ length: 20 }, () => submit(passGates(['here', 'open'], { node: 'hv1' }))));
  await gates.arrivals('here', 3);
  const waits = async () =>
    (await desk.list({ status: ['waiting'], limit: 100 })).jobs.filter(({ oplog }) =>
      oplog[0]?.some(([, , , text]) => text.startsWith('waits for node/hv1')),
    );
  await expect.poll(async () => (await waits()).length).toBe(17);
  const elsewhere = await submit(passGates(['open'], { node: 'hv2' }));
  expect((await end(elsewhere)).status).toBe('success');
  expect(inside(gates, 'here')).toBe(3);
  gates.open('here');
  const records = await Promise.all(jobs.map((job) => end(job)));
  expect(new Set(records.map(({ status }) => status))).toEqual(new Set(['success']));
  expect(mostAtOnce(gates, jobs)).toBe(3);
});

it.each([
  ['name', () => newGuest('web1'), 'VM "web1" exists already'],
  [
    'name and UUID',
    (
      (guest) => () =>
        guest
    )(newGuest('web2')),
    'VM "web2" exists already',
  ],
  ['UUID', ((uuid) => (index: number) => ({ name: `web3-${index}`, uuid }))(newGuest('web3').uuid), undefined],
])('defines one VM when twenty clients define the same %s at once', async (_what, guestOf, text) => {
  const { addWorker, submit, end, vms, store } = await startCluster({ redisUrl: redis().url });
  await Promise.all([addWorker(), addWorker()]);
  const guests = Array.from({ length: 20 }, (_, index) => guestOf(index));
  const jobs = await Promise.all(guests.map((guest) => submit({ OP_ID: 'OP_VM_DEFINE', xml: guestXml(guest) })));
  const records = await Promise.all(jobs.map((job) => end(job)));
  const [defined, ...others] = records.filter(({ status }) => status === 'success');
  expect([others, (await store.children('/vms')).length, (await store.children('/vm-names')).length]).toEqual([[], 1, 1]);
  expect(await vms.get(guests[records.indexOf(defined as (typeof records)[number])]?.name ?? '')).toMatchObject({
    defined_by: defined?.id,
  });
  const refused = records.filter((record) => record !== defined);
  for (const { status, opresult } of refused) {
    expect([status, opresult]).toEqual([
      'error',
      [['OpPrereqError', [text ?? expect.stringMatching(/^VM ".+" exists already$/), 'already_exists']]],
    ]);
  }
});

it('lets one of several opcodes on a VM through at a time, in whatever order, to a state that fits', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  await Promise.all([cluster.addWorker(), cluster.addWorker()]);
  const guest = newGuest('web1');
  await addGuest(cluster, guest);
  const jobs = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      cluster.submit({ OP_ID: index % 2 === 0 ? 'OP_VM_START' : 'OP_VM_STOP', vm: index % 4 < 2 ? guest.name : guest.uuid }),
    ),
  );
  const records = await Promise.all(jobs.map((job) => cluster.end(job)));
  expect(new Set(records.map(({ status }) => status))).toEqual(new Set(['success']));
  const running = cluster.world.snapshot()['hv1']?.some((domain) => domain.running !== null);
  expect((await cluster.vms.get('web1')).state).toBe(running === true ? 'start' : 'stop');
});

const inside = ({ events }: Gates, at: string) =>
  events.filter(({ gate, what }) => gate === at && what === 'arrived').length -
  events.filter(({ gate, what }) => gate === at && what === 'passed').length;

/** How many of the jobs had begun and not passed their last gate at the same time. */
function mostAtOnce({ events }: Gates, jobs: number[]): number {
  let now = 0;
  let most = 0;
  for (const { job, gate, what } of events) {
    if (!jobs.includes(job)) continue;
    if (gate === 'here' && what === 'arrived') now += 1;
    if (gate === 'open' && what === 'passed') now -= 1;
    most = Math.max(most, now);
  }
  return most;
}
