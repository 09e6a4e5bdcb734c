// Somebody else wants the same thing while a job's worker dies, its session ends or it is cancelled: what the check of the job has seen stays
// true until its opcode ends, so the other one comes before it or after it, and never between.
import { describe, expect, it } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { addGuest, newGuest } from '../harness/guests.js';
import type { HiredWorker } from '../harness/hired-worker.js';
import { intervene } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { runsOn } from '../harness/runs-on.js';
import { standstill } from '../harness/standstill.js';
import { GIB, putPool, putVolume } from '../harness/storage.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

interface Held {
  job: number;
  worker: HiredWorker;
  letGo(): void;
}

/** A job that stands before its first step, in a worker of its own. */
async function held(cluster: TestCluster, op: Parameters<TestCluster['submit']>[0]): Promise<Held> {
  const wrapped = intervene(opcodes);
  const { hold, letGo, arrival, count } = standstill('never');
  const job = await cluster.submit(op);
  wrapped.in.set(job, { at: { 'run 0 before': async () => void (count() === 0 && (await hold())) } });
  const worker = await cluster.addWorker({ opcodes: wrapped.opcodes, openJobs: 1 });
  await arrival;
  return { job, worker, letGo };
}

const waits = async (cluster: TestCluster, job: number) =>
  await expect.poll(async () => (await cluster.desk.read(job))?.status, { timeout: patience(30_000) }).toBe('waiting');
const texts = ({ oplog }: JobRecord) => (oplog[0] ?? []).map(([, , , text]) => text);

it('starts a guest on one node only, when another job moves the VM and starts it too', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const guest = newGuest('web1');
  await addGuest(cluster, guest);
  const start = await held(cluster, { OP_ID: 'OP_VM_START', vm: 'web1' });
  await cluster.addWorker();
  const other = await cluster.submit([
    { OP_ID: 'OP_VM_MOVE', vm: 'web1', node: 'hv2' },
    { OP_ID: 'OP_VM_START', vm: 'web1' },
  ]);
  await waits(cluster, other);
  await start.worker.die();
  expect(await cluster.end(start.job)).toMatchObject({ status: 'success', opresult: [{ state: 'start' }] });
  // It runs already then, and goes there live.
  expect(await cluster.end(other)).toMatchObject({ status: 'success', opresult: [{ node: 'hv2', method: 'live' }, { state: 'start' }] });
  expect(runsOn(cluster, guest)).toEqual(['hv2']);
  expect(await cluster.vms.get('web1')).toMatchObject({ node: 'hv2', state: 'start' });
});

describe('a volume of 10 GiB that one job makes 20 and another one 40', () => {
  const size = { pool: 'vms', volume: 'web1' };
  const resize = (to: string) => ({ OP_ID: 'OP_VOLUME_RESIZE', ...size, size: to });

  async function stage() {
    const cluster = await startCluster({ redisUrl: redis().url });
    await putPool(cluster, 'vms');
    await putVolume(cluster, 'vms', 'web1', 10 * GIB);
    const to20 = await held(cluster, resize('20G'));
    await cluster.addWorker();
    const to40 = await cluster.submit(resize('40G'));
    await waits(cluster, to40);
    const ends = async () => [await cluster.end(to20.job), await cluster.end(to40)] as const;
    const gib = async () => [
      ((await cluster.ceph.open().volume(size))?.sizeBytes ?? 0) / GIB,
      (await cluster.storage.volumes.get('vms/web1')).size_bytes / GIB,
    ];
    return { cluster, to20, ends, gib };
  }
  const grownTo = (gib: number) => ({ status: 'success', opresult: [{ size_bytes: gib * GIB }] });

  it('has 40 GiB when the worker of the first one dies', async () => {
    const { to20, ends, gib } = await stage();
    await to20.worker.die();
    const [first, second] = await ends();
    expect([first, second]).toMatchObject([grownTo(20), grownTo(40)]);
    expect(texts(first)).toContainEqual(expect.stringContaining('taken up'));
    expect(await gib()).toEqual([40, 40]);
  });

  it('has 40 GiB when the session of the worker of the first one ends', async () => {
    const { to20, ends, gib } = await stage();
    await to20.worker.session.expire();
    to20.letGo();
    expect(await ends()).toMatchObject([grownTo(20), grownTo(40)]);
    expect(await gib()).toEqual([40, 40]);
  });

  it('has 40 GiB when the first one is cancelled while nobody runs it', async () => {
    const { cluster, to20, ends, gib } = await stage();
    await to20.worker.die();
    await cluster.desk.cancel(to20.job, 0);
    expect(await ends()).toMatchObject([{ status: 'canceled' }, grownTo(40)]);
    expect(await gib()).toEqual([40, 40]);
  });

  it('has 40 GiB, and nothing of the first one comes later, when its worker stands still and wakes up', async () => {
    const { to20, ends, gib } = await stage();
    to20.worker.freeze();
    expect(await ends()).toMatchObject([grownTo(20), grownTo(40)]);
    // In the middle of its step, at which it has looked at nothing.
    to20.letGo();
    await to20.worker.comeBack();
    await to20.worker.close();
    expect(await gib()).toEqual([40, 40]);
  });
});
