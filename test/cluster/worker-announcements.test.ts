// What workers say of themselves, in both stores: it is there as long as they are, over lost sessions too.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { announceWorker, livingWorkers, WORKERS, type WorkerAnnouncement } from '../../src/cluster/worker-announcements.js';
import { patience } from '../lab/patience.js';
import { implementations, type Cluster } from './implementations.js';

const saying = (name: string, opcodes: Record<string, number>): WorkerAnnouncement => ({
  name,
  opcodes,
  started: new Date().toISOString(),
});

describe.each(implementations)('%s', (_name, open) => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await open([WORKERS]);
  });
  afterAll(() => cluster.close());

  it('tells who lives and what each knows, also of two that have one name', async () => {
    const [watching, first, second] = [await cluster.open(), await cluster.open(), await cluster.open()];
    const [older, newer] = [saying('hv1', { OP_VM_START: 1 }), saying('hv1', { OP_VM_START: 2, OP_VM_PAUSE: 1 })];
    const announced = await announceWorker(first, older);
    await announceWorker(second, newer);
    expect(await livingWorkers(watching)).toEqual(expect.arrayContaining([older, newer]));
    await announced.withdraw();
    expect(await livingWorkers(watching)).toEqual([newer]);
    await second.close();
    await expect.poll(() => livingWorkers(watching), { timeout: patience(10_000) }).toEqual([]);
    await Promise.all([watching.close(), first.close()]);
  });

  it('says it again in a new session, unless it was withdrawn', async () => {
    const [watching, session] = [await cluster.open(), await cluster.open()];
    const worker = saying('hv2', { OP_VM_START: 1 });
    const announced = await announceWorker(session, worker);
    await cluster.expire(session);
    await expect.poll(() => livingWorkers(watching), { timeout: patience(10_000) }).toEqual([worker]);
    await announced.withdraw();
    await cluster.expire(session);
    await session.children(WORKERS);
    expect(await livingWorkers(watching)).toEqual([]);
    await Promise.all([watching.close(), session.close()]);
  });
});
