// The locks of jobs, on both stores: they outlive the session of who took them, pass from runner to runner, and shut the earlier one out.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fencedStore, LocksLost, type LockEntry } from '../../src/cluster/fence.js';
import { jobLocks, type JobClaim, type JobLocks, type Place, type TakenLocks } from '../../src/cluster/job-locks.js';
import { listLocks } from '../../src/cluster/lock-list.js';
import { createLocks, type LockRequest } from '../../src/cluster/locks.js';
import type { Store } from '../../src/cluster/store.js';
import { implementations, type Cluster } from './implementations.js';

let serial = 0;
const fresh = (): string => `vm/own-${(serial += 1)}`;
let jobs = 0;
const newClaim = (more: Partial<JobClaim> = {}): JobClaim => ({
  job: (jobs += 1),
  op: 0,
  born: 'b0rn',
  epoch: 1,
  opcode: 'OP_TEST',
  ...more,
});
const takenUp = (claim: JobClaim): JobClaim => ({ ...claim, epoch: claim.epoch + 1 });
const exclusive = (resource: string): LockRequest => ({ resource, mode: 'exclusive' });
const shared = (resource: string): LockRequest => ({ resource, mode: 'shared' });
const slot = (resource: string, slots: number): LockRequest => ({ resource, mode: 'slot', slots });
const never = new AbortController().signal;

const placeIn = ({ waits }: TakenLocks): Place => {
  if (waits === undefined) throw new Error('it holds all');
  return waits.place;
};

describe.each(implementations)('locks of jobs: %s', (_name, openCluster) => {
  let cluster: Cluster;
  let stores: [Store, Store];
  let locks: [JobLocks, JobLocks];
  beforeAll(async () => {
    cluster = await openCluster(['/locks', '/things']);
    stores = [await cluster.open(), await cluster.open()];
    locks = [jobLocks(stores[0], { worker: 'w0' }), jobLocks(stores[1], { worker: 'w1' })];
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await cluster.close();
  });

  const listed = async (resource: string) => {
    const lock = (await listLocks(stores[0])).find(({ name }) => name === resource);
    return { holders: lock?.holders.map(({ job }) => job) ?? [], waiters: lock?.waiters.map(({ job }) => job) ?? [] };
  };
  /** Whether a change made in the name of these entries is applied. */
  const applies = async (store: Store, entries: readonly LockEntry[]): Promise<boolean> => {
    try {
      await fencedStore(store, entries).commit([{ kind: 'create', path: `/things/${(serial += 1)}`, data: '' }]);
      return true;
    } catch (error) {
      if (error instanceof LocksLost) return false;
      throw error;
    }
  };

  it('are held by one at a time, in the order of arrival, and nobody waits with a worker', async () => {
    const resource = fresh();
    const claims = [newClaim(), newClaim(), newClaim()];
    const taken: TakenLocks[] = [];
    for (const [index, claim] of claims.entries()) taken.push(await locks[index % 2 === 0 ? 0 : 1].take([exclusive(resource)], claim));
    expect(taken.map(({ waits }) => waits?.blockers.map(({ job }) => job))).toEqual([undefined, [claims[0]?.job], [claims[1]?.job]]);
    expect(await listed(resource)).toEqual({ holders: [claims[0]?.job], waiters: [claims[1]?.job, claims[2]?.job] });
    let first = 0;
    const turns = [1, 2].map(async (index) => {
      await locks[0].untilFirst(placeIn(taken[index] as TakenLocks), never);
      return (first ||= index);
    });
    await locks[0].release(taken[0]?.entries ?? []);
    expect(await turns[0]).toBe(1);
    // It is put in line again and takes its locks once more, as a later runner.
    const again = await locks[1].take([exclusive(resource)], takenUp(claims[1] as JobClaim));
    expect(again.waits).toBeUndefined();
    await locks[1].release(again.entries);
    expect(await turns[1]).toBe(1);
    await locks[0].release(taken[2]?.entries ?? []);
    expect(await listed(resource)).toEqual({ holders: [], waiters: [] });
  });

  it('keep their place when the session of who took them ends', async () => {
    const resource = fresh();
    const doomed = await cluster.open();
    const claim = newClaim();
    const taken = await jobLocks(doomed, { worker: 'doomed' }).take([exclusive(resource)], claim);
    const other = newClaim();
    const waiting = await locks[0].take([exclusive(resource)], other);
    expect(waiting.waits?.blockers).toMatchObject([{ job: claim.job, worker: 'doomed' }]);
    await cluster.expire(doomed);
    expect(await listed(resource)).toEqual({ holders: [claim.job], waiters: [other.job] });
    // In its next session the same runner goes on as if nothing had happened.
    expect(await applies(doomed, taken.entries)).toBe(true);
    await doomed.close();
    expect(await listed(resource)).toEqual({ holders: [claim.job], waiters: [other.job] });
    await locks[0].release([...taken.entries, ...waiting.entries]);
  });

  it('are adopted by who takes the job up, and the earlier runner changes and releases nothing any more', async () => {
    const [one, two] = [fresh(), fresh()];
    const requests = [exclusive(one), shared(two), slot(two, 1)];
    const claim = newClaim();
    const before = await locks[0].take(requests, claim);
    expect(before.entries).toHaveLength(3);
    expect(await applies(stores[0], before.entries)).toBe(true);
    const after = await locks[1].adopt(requests, takenUp(claim));
    expect(after.map(({ path }) => path).toSorted()).toEqual(before.entries.map(({ path }) => path).toSorted());
    expect([await applies(stores[0], before.entries), await applies(stores[1], after)]).toEqual([false, true]);
    // One old entry is enough.
    expect(await applies(stores[0], [...after.slice(1), ...before.entries.slice(0, 1)])).toBe(false);
    await locks[0].release(before.entries);
    expect(await listed(one)).toEqual({ holders: [claim.job], waiters: [] });
    await expect(locks[0].adopt(requests, claim)).rejects.toThrow(LocksLost);
    await expect(locks[0].take(requests, { ...claim, epoch: 1 })).resolves.toBeDefined();
    await locks[1].release(after);
    await locks[1].releaseStrays(takenUp(claim), []);
    expect([await listed(one), await listed(two)]).toEqual([
      { holders: [], waiters: [] },
      { holders: [], waiters: [] },
    ]);
  });

  it('can be adopted again after a lost answer, by the same runner', async () => {
    const resource = fresh();
    const claim = newClaim();
    await locks[0].take([exclusive(resource)], claim);
    const once = await locks[1].adopt([exclusive(resource)], takenUp(claim));
    const twice = await locks[1].adopt([exclusive(resource)], takenUp(claim));
    expect(twice).toEqual(once);
    await locks[1].release(once);
  });

  it('are not adopted when one is missing', async () => {
    const [one, two] = [fresh(), fresh()];
    const claim = newClaim();
    const { entries } = await locks[0].take([exclusive(one), exclusive(two)], claim);
    await locks[0].release(entries.slice(1));
    await expect(locks[1].adopt([exclusive(one), exclusive(two)], takenUp(claim))).rejects.toThrow(LocksLost);
    await locks[1].releaseStrays(takenUp(claim), []);
    expect(await listed(one)).toEqual({ holders: [], waiters: [] });
  });

  it('pass to the next opcode of the same job, whose first one was never released', async () => {
    const resource = fresh();
    const claim = newClaim();
    await locks[0].take([exclusive(resource)], claim);
    const next = await locks[1].take([exclusive(resource)], { ...takenUp(claim), op: 1 });
    expect(next.waits).toBeUndefined();
    expect(await listed(resource)).toEqual({ holders: [claim.job], waiters: [] });
    await locks[1].release(next.entries);
    expect(await listed(resource)).toEqual({ holders: [], waiters: [] });
  });

  it('are not taken for those of another job that has the same number', async () => {
    const resource = fresh();
    const claim = newClaim();
    await locks[0].take([exclusive(resource)], claim);
    const stranger = await locks[1].take([exclusive(resource)], { ...takenUp(claim), born: 'an0ther' });
    expect(stranger.waits?.blockers).toMatchObject([{ job: claim.job, worker: 'w0' }]);
    await locks[1].releaseStrays(takenUp(claim), []);
    await locks[1].untilFirst(placeIn(stranger), never);
    await locks[1].release(stranger.entries);
  });

  it('leave nothing where an earlier runner had queued up for other names', async () => {
    const [old, renamed] = [fresh(), fresh()];
    const claim = newClaim();
    await locks[0].take([exclusive(old)], claim);
    const later = takenUp(claim);
    const { entries } = await locks[1].take([exclusive(renamed)], later);
    await Promise.all([locks[1].releaseStrays(later, entries), locks[1].releaseStrays(later, entries, [exclusive(old)])]);
    expect([await listed(old), await listed(renamed)]).toEqual([
      { holders: [], waiters: [] },
      { holders: [claim.job], waiters: [] },
    ]);
    // A runner from before that wakes up removes nothing that is this one's.
    await locks[0].releaseStrays(claim, []);
    expect(await listed(renamed)).toEqual({ holders: [claim.job], waiters: [] });
    await locks[1].release(entries);
  });

  it('stand in one queue with those of agents, which go with their sessions', async () => {
    const resource = fresh();
    const agent = await cluster.open();
    const held = await createLocks(agent, { worker: 'agent hv1' }).acquire([exclusive(resource)], {
      job: 0,
      opcode: 'agent',
      signal: never,
    });
    const claim = newClaim();
    const waiting = await locks[0].take([exclusive(resource)], claim);
    expect(waiting.waits?.blockers).toMatchObject([{ job: 0, worker: 'agent hv1' }]);
    const turn = locks[0].untilFirst(placeIn(waiting), never);
    await cluster.expire(agent);
    await turn;
    expect(held.lost.aborted).toBe(true);
    expect(
      await createLocks(agent, { worker: 'agent hv1' }).tryAcquire([exclusive(resource)], { job: 0, opcode: 'agent' }),
    ).toBeUndefined();
    await locks[0].release(waiting.entries);
    await agent.close();
  });

  it('let as many in as there are slots, and the next ones as they go', async () => {
    const resource = fresh();
    const taken: TakenLocks[] = [];
    for (let index = 0; index < 5; index += 1) taken.push(await locks[0].take([slot(resource, 2)], newClaim()));
    expect(taken.map(({ waits }) => waits === undefined)).toEqual([true, true, false, false, false]);
    const turns = taken.slice(2).map((waiting) => locks[1].untilFirst(placeIn(waiting), never));
    await locks[0].release(taken[0]?.entries ?? []);
    await turns[0];
    await locks[0].release([...(taken[1]?.entries ?? []), ...(taken[2]?.entries ?? [])]);
    await Promise.all(turns);
    for (const { entries } of taken.slice(3)) await locks[0].release(entries);
  });

  it('stop being watched when nobody wants to know any more', async () => {
    const resource = fresh();
    const { entries } = await locks[0].take([exclusive(resource)], newClaim());
    const waiting = await locks[0].take([exclusive(resource)], newClaim());
    const impatience = new AbortController();
    const turn = locks[0].untilFirst(placeIn(waiting), impatience.signal);
    impatience.abort(new Error('enough'));
    await expect(turn).rejects.toThrow('enough');
    await locks[0].release([...entries, ...waiting.entries]);
  });
});
