// Cluster-wide locks, on both stores: who may hold what together, in which order, and what becomes of them when things go wrong.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listLocks, sweepLocks } from '../../src/cluster/lock-list.js';
import { createLocks } from '../../src/cluster/locks.js';
import type { Blocker } from '../../src/cluster/lock-waiting.js';
import type { HeldLocks, LockRequest, Locks } from '../../src/cluster/locks.js';
import type { Store } from '../../src/cluster/store.js';
import { patience } from '../lab/patience.js';
import { errorOf } from './error-of.js';
import { implementations } from './implementations.js';
import type { Cluster } from './implementations.js';

let serial = 0;
const fresh = (): string => `vm/${(serial += 1)}`;
const claim = (job: number, signal = new AbortController().signal) => ({ job, opcode: 'OP_TEST', signal });
const exclusive = (resource: string): LockRequest => ({ resource, mode: 'exclusive' });
const shared = (resource: string): LockRequest => ({ resource, mode: 'shared' });
const slot = (resource: string, slots: number): LockRequest => ({ resource, mode: 'slot', slots });

/** The store with its calls counted. */
function counted(store: Store): { store: Store; calls: string[] } {
  const calls: string[] = [];
  const count = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...parameters: unknown[]) => {
        if (name !== 'onSession') calls.push(String(name));
        return Reflect.apply(value, target, parameters) as unknown;
      };
    },
  });
  return { store: count, calls };
}

describe.each(implementations)('locks: %s', (_name, openCluster) => {
  let cluster: Cluster;
  let stores: [Store, Store];
  let locks: [Locks, Locks];
  beforeAll(async () => {
    cluster = await openCluster(['/locks']);
    stores = [await cluster.open(), await cluster.open()];
    locks = [createLocks(stores[0], { worker: 'w0' }), createLocks(stores[1], { worker: 'w1' })];
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await cluster.close();
  });

  /** Those who wait for a resource, by job. */
  const waitersOf = async (resource: string): Promise<number[]> => {
    const lock = (await listLocks(stores[0])).find(({ name }) => name === resource);
    return lock?.waiters.map(({ job }) => job) ?? [];
  };

  /** Twenty claims of the same locks from two processes; the most that held at once, and the order of jobs. */
  async function contend(requests: LockRequest[]): Promise<{ most: number; order: number[] }> {
    let holding = 0;
    let most = 0;
    const order: number[] = [];
    async function work(job: number): Promise<void> {
      const held = await locks[job % 2 === 0 ? 0 : 1].acquire(requests, claim(job));
      holding += 1;
      most = Math.max(most, holding);
      order.push(job);
      await stores[0].get('/locks');
      await new Promise(setImmediate);
      holding -= 1;
      await held.release();
    }
    await Promise.all(Array.from({ length: 20 }, (_, job) => work(job)));
    return { most, order };
  }

  it('are held by one at a time under twenty contenders', async () => {
    const { most, order } = await contend([exclusive(fresh()), exclusive(fresh())]);
    expect([most, order.length]).toEqual([1, 20]);
  });

  it('let as many in as there are slots', async () => {
    const { most, order } = await contend([slot(fresh(), 3)]);
    expect(order).toHaveLength(20);
    expect(most).toBe(3);
  });

  it('do not deadlock when asked for in any order, slots among them', async () => {
    const [one, two, three] = [fresh(), fresh(), fresh()];
    const orders = [
      [exclusive(one), exclusive(two), slot(three, 1)],
      [slot(three, 1), exclusive(two), shared(one)],
      [exclusive(two), slot(three, 1), exclusive(one)],
    ];
    const works = Array.from({ length: 18 }, async (_, job) => {
      const held = await locks[job % 2 === 0 ? 0 : 1].acquire(orders[job % 3] ?? [], claim(job));
      await held.release();
      return job;
    });
    expect(await Promise.all(works)).toHaveLength(18);
  });

  it('are held together by those who share, apart from who does not, in the order of arrival', async () => {
    const resource = fresh();
    const events: string[] = [];
    const helds = new Map<number, HeldLocks>();
    async function take(job: number, request: LockRequest): Promise<void> {
      helds.set(job, await locks[job % 2 === 0 ? 0 : 1].acquire([request], claim(job)));
      events.push(`+${job}`);
    }
    const arrived = async (job: number): Promise<boolean> => helds.has(job) || (await waitersOf(resource)).includes(job);
    for (const [job, request] of [shared, shared, exclusive, shared, shared, exclusive].entries()) {
      void take(job, request(resource));
      await expect.poll(() => arrived(job)).toBe(true);
    }
    expect(events).toEqual(['+0', '+1']);
    expect(await waitersOf(resource)).toEqual([2, 3, 4, 5]);
    await helds.get(0)?.release();
    await helds.get(1)?.release();
    await expect.poll(() => events).toEqual(['+0', '+1', '+2']);
    await helds.get(2)?.release();
    await expect.poll(() => events.length).toBe(5);
    expect(events.slice(3).toSorted()).toEqual(['+3', '+4']);
    await helds.get(4)?.release();
    await helds.get(3)?.release();
    await expect.poll(() => events.at(-1)).toBe('+5');
    await helds.get(5)?.release();
  });

  it('cost a creation, a listing and a removal each when nobody contends', async () => {
    const { store, calls } = counted(stores[0]);
    const requests = [exclusive(fresh()), shared(fresh())];
    const held = await createLocks(store, { worker: 'w' }).acquire(requests, claim(1));
    await held.release();
    expect(calls).toEqual(['createQueued', 'children', 'createQueued', 'children', 'discard', 'discard']);
  });

  it('leave no entry when aborted while waiting, and let the next one pass', async () => {
    const resource = fresh();
    const first = await locks[0].acquire([exclusive(resource)], claim(1));
    const impatience = new AbortController();
    const second = locks[1].acquire([exclusive(fresh()), exclusive(resource)], claim(2, impatience.signal));
    await expect.poll(() => waitersOf(resource)).toEqual([2]);
    const third = locks[0].acquire([shared(resource)], claim(3));
    await expect.poll(() => waitersOf(resource)).toEqual([2, 3]);
    impatience.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    await expect.poll(() => waitersOf(resource)).toEqual([3]);
    await first.release();
    await (await third).release();
    await expect.poll(async () => (await listLocks(stores[0])).length).toBe(0);
    await expect(locks[0].acquire([exclusive(resource)], claim(4, AbortSignal.abort(new Error('no'))))).rejects.toThrow('no');
  });

  it('tell whom a claim waits for', async () => {
    const resource = 'vm/ÄÖ 日本/../😀';
    const first = await locks[0].acquire([exclusive(resource)], claim(7));
    const told: Blocker[][] = [];
    const second = locks[1].acquire([shared(resource)], { ...claim(8), onWait: (blockers) => told.push(blockers) });
    await expect.poll(() => told.length).toBe(1);
    expect(told).toEqual([[{ resource, job: 7, opcode: 'OP_TEST', worker: 'w0', mode: 'exclusive', since: expect.any(Number) }]]);
    const listed = await listLocks(stores[0]);
    const [holders, waiters] = [[{ job: 7, worker: 'w0' }], [{ job: 8, mode: 'shared' }]];
    expect(listed).toMatchObject([{ name: resource, mode: 'exclusive', holders, waiters }]);
    expect(Math.abs((listed[0]?.holders[0]?.since ?? 0) - Date.now() / 1000)).toBeLessThan(60);
    await first.release();
    await (await second).release();
  });

  it('are not waited for when only tried', async () => {
    const [free, taken] = [fresh(), fresh()];
    const held = await locks[0].acquire([exclusive(taken)], claim(1));
    expect(await locks[1].tryAcquire([exclusive(free), shared(taken)], claim(2))).toBeUndefined();
    expect(await listLocks(stores[1])).toMatchObject([{ name: taken, waiters: [] }]);
    await held.release();
    const tried = await locks[1].tryAcquire([exclusive(free), shared(taken)], claim(2));
    expect(tried).toBeDefined();
    await tried?.release();
    await tried?.release();
  });

  it('queue a second claim of the same job behind its first, but take one resource named twice once', async () => {
    const resource = fresh();
    const first = await locks[0].acquire([shared(resource), exclusive(resource), slot(resource, 2), slot(resource, 1)], claim(1));
    const second = locks[0].acquire([exclusive(resource)], claim(1));
    await expect.poll(() => waitersOf(resource)).toEqual([1]);
    await first.release();
    await (await second).release();
  });

  it('refuse a resource without a name and a claim of no slots', async () => {
    await expect(locks[0].acquire([exclusive('')], claim(1))).rejects.toThrow(TypeError);
    await expect(locks[0].acquire([slot('x', 0)], claim(1))).rejects.toThrow(TypeError);
  });

  it('leave empty queues that a sweep removes, but none in use', async () => {
    const [left, used] = [fresh(), fresh()];
    await (await locks[0].acquire([exclusive(left)], claim(1))).release();
    const held = await locks[1].acquire([exclusive(used)], claim(2));
    await sweepLocks(stores[0]);
    expect((await stores[0].children('/locks')).map(decodeURIComponent)).toEqual([used]);
    await held.release();
  });

  it('survive sweeping beside contenders', async () => {
    const contended = new AbortController();
    const sweeps = (async () => {
      while (!contended.signal.aborted) {
        await sweepLocks(stores[1]);
        await new Promise(setImmediate);
      }
    })();
    const { most, order } = await contend([exclusive(fresh())]);
    contended.abort();
    await sweeps;
    expect([most, order.length]).toEqual([1, 20]);
  });

  it('are lost with the session, which says so, and pass to the next', async () => {
    const [resource, own] = [fresh(), fresh()];
    const holder = await cluster.open();
    const held = await createLocks(holder, { worker: 'doomed' }).acquire([exclusive(resource)], claim(1));
    const blocked = await locks[0].acquire([exclusive(own)], claim(2));
    const waiting = createLocks(holder, { worker: 'doomed' }).acquire([exclusive(own)], claim(1));
    const refused = errorOf(waiting);
    await expect.poll(() => waitersOf(own)).toEqual([1]);
    let passed = false;
    const next = locks[1].acquire([exclusive(resource)], claim(3)).then((taken) => {
      passed = true;
      // What matters: nobody else is let in before the holder knows that it has lost.
      expect(held.lost.aborted).toBe(true);
      return taken;
    });
    await expect.poll(() => waitersOf(resource)).toEqual([3]);
    expect([held.lost.aborted, passed]).toEqual([false, false]);
    await cluster.expire(holder);
    expect(held.lost.reason).toMatchObject({ name: 'SessionExpired' });
    expect(await refused).toMatchObject({ name: 'SessionExpired' });
    await (await next).release();
    await expect.poll(() => waitersOf(own)).toEqual([]);
    await held.release();
    await blocked.release();
    const again = await createLocks(holder, { worker: 'reborn' }).acquire([exclusive(resource)], claim(4));
    expect(again.lost.aborted).toBe(false);
    await again.release();
    await holder.close();
  });

  it('take little time when nobody contends', async () => {
    const resource = fresh();
    const startedAt = performance.now();
    for (let round = 0; round < 200; round += 1) await (await locks[0].acquire([exclusive(resource)], claim(1))).release();
    const roundMs = (performance.now() - startedAt) / 200;
    console.log(`a lock and its release: ${roundMs.toFixed(2)} ms`);
    expect(roundMs).toBeLessThan(patience(100));
  });
});
