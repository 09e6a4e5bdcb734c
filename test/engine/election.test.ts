// The election of the primary, on both stores: never two, another one soon, and as operators wish.
import { onTestFinished, afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { createLocks } from '../../src/cluster/locks.js';
import { NODE_REPORTS, reportNode } from '../../src/cluster/node-documents.js';
import { PRIMARY_WISH, primaryElection, type PrimaryElection } from '../../src/cluster/primary-election.js';
import type { Store } from '../../src/cluster/store.js';
import { standForPrimary, type Candidate } from '../../workers/agent/election.js';
import { implementations, type Cluster } from '../cluster/implementations.js';
import { nodeReport } from '../harness/cluster.js';
import { durationMs } from '../harness/stalls.js';
import { patience } from '../lab/patience.js';

/** What is claimed: another coordinator takes over so soon after the primary's session has ended. */
const TAKEN_OVER_WITHIN_MS = 20_000;
const LONG = { timeout: patience(60_000) };
const never = new AbortController().signal;

interface Contender {
  name: string;
  store: Store;
  candidate: Candidate;
  announce(): Promise<void>;
}

interface Reign {
  name: string;
  fromMs: number;
  toMs: number;
}

describe.each(implementations)('the primary: %s', (kind, openCluster) => {
  let cluster: Cluster;
  let observer: Store;
  let election: PrimaryElection;
  let serial = 0;
  beforeAll(async () => {
    cluster = await openCluster(['/locks', NODE_REPORTS, PRIMARY_WISH]);
    observer = await cluster.open();
    election = primaryElection(observer);
  });
  afterAll(async () => {
    await observer.close();
    await cluster.close();
  });

  /** Coordinators that stand for primary, each in a session of its own, and when each of them took itself for the primary. */
  async function contend(count: number, { lingers }: { lingers?: (name: string) => Promise<void> } = {}) {
    await election.setWish({}, never);
    const reigns: Reign[] = [];
    const [believers, two] = [new Set<string>(), [] as string[][]];
    const stand = async (name: string): Promise<Contender> => {
      const store = await cluster.open();
      const standing: { candidate?: Candidate } = {};
      const announce = async () =>
        await reportNode(store, name, nodeReport({ coordinator_state: standing.candidate?.isPrimary === true ? 'primary' : 'secondary' }));
      await announce();
      const candidate = standForPrimary({
        node: name,
        store,
        locks: createLocks(store, { worker: name }),
        election: primaryElection(store),
        intervalMs: 100,
        announce,
        serve: async (signal) => {
          const reign = { name, fromMs: performance.now(), toMs: Infinity };
          reigns.push(reign);
          believers.add(name);
          if (believers.size > 1) two.push([...believers]);
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => {
              reign.toMs = performance.now();
              believers.delete(name);
              resolve();
            });
          });
          await lingers?.(name);
        },
        log: pino({ level: 'silent' }),
      });
      standing.candidate = candidate;
      onTestFinished(async () => {
        await candidate.close();
        await store.close();
      });
      return { name, store, candidate, announce };
    };
    const contenders: Contender[] = [];
    for (let index = 0; index < count; index++) contenders.push(await stand(`c${++serial}`));
    const named = (name: string | undefined) => contenders.find((contender) => contender.name === name) as Contender;
    const primary = () => contenders.find(({ candidate }) => candidate.isPrimary)?.name;
    /** The primary as the cluster sees it, once there is one. */
    const elected = async (isIt: (name: string) => boolean = () => true): Promise<string> => {
      await expect.poll(async () => isIt((await election.primary()) ?? '?') && primary() !== undefined, LONG).toBe(true);
      return primary() as string;
    };
    return { contenders, reigns, two, named, primary, elected };
  }

  it('is one, and when its session ends another one takes over in time', async () => {
    const { contenders, two, named, primary, elected } = await contend(3);
    const first = await elected((name) => contenders.some((contender) => contender.name === name));
    expect(contenders.filter(({ candidate }) => candidate.isPrimary)).toHaveLength(1);
    const takeOver = async (from: string, end: () => Promise<unknown>) => {
      let ending: Promise<unknown> | undefined;
      const tookMs = await durationMs(async () => {
        ending = end();
        await expect.poll(() => ![undefined, from].includes(primary()), LONG).toBe(true);
      });
      expect(tookMs).toBeLessThan(TAKEN_OVER_WITHIN_MS);
      await ending;
      return primary() ?? '';
    };
    // Cut off without a word, and then ended in good order.
    const second = await takeOver(first, () => cluster.expire(named(first).store));
    await takeOver(second, () => named(second).store.close());
    expect(two).toEqual([]);
  });

  it('is who is wished for, for as long as that one lives', async () => {
    const { contenders, two, named, elected, primary } = await contend(3);
    const first = await elected((name) => contenders.some((contender) => contender.name === name));
    const other = contenders.find(({ name }) => name !== first)?.name ?? '';
    await election.setWish({ node: other }, never);
    expect(await elected((name) => name === other)).toBe(other);
    // A wish that nobody can grant bars nobody.
    await named(other).store.close();
    await expect.poll(primary, LONG).not.toBe(other);
    await expect.poll(primary, LONG).toBeDefined();
    await election.setWish({ node: 'nobody' }, never);
    const next = primary() ?? '';
    await election.setWish({ notNode: next }, never);
    const last = await elected((name) => name !== next && name !== other && contenders.some((contender) => contender.name === name));
    expect(last).not.toBe(next);
    await election.setWish({ notNode: last }, never);
    await named(next).store.close();
    // It is the only one left: better the unwished one than none.
    await expect.poll(primary, LONG).toBe(last);
    expect(two).toEqual([]);
  });

  it('has stopped its work and said so before it gives the lock away', async () => {
    let letGo = () => {};
    const gone = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let lingering = '';
    const { contenders, elected, primary, named } = await contend(2, {
      lingers: async (name) => {
        lingering ||= name;
        if (lingering === name) await gone;
      },
    });
    const first = await elected((name) => contenders.some((contender) => contender.name === name));
    const other = contenders.find(({ name }) => name !== first)?.name ?? '';
    await election.setWish({ node: other }, never);
    await expect.poll(() => lingering, LONG).toBe(first);
    expect([named(first).candidate.isPrimary, primary()]).toEqual([false, undefined]);
    // The other one has looked several times meanwhile, and waits.
    for (let look = 0; look < 20; look++) await election.primary();
    expect([primary(), (await observer.children('/locks/primary')).length]).toEqual([undefined, 2]);
    letGo();
    await expect.poll(primary, LONG).toBe(other);
    expect(await election.stateOf(first)).toBe('secondary');
  });

  it('is never two, whatever becomes of sessions and wishes', async () => {
    const { contenders, reigns, two, primary, elected } = await contend(4);
    await elected((name) => contenders.some((contender) => contender.name === name));
    const rounds = kind === 'memory' ? 60 : 4;
    for (let round = 0; round < rounds; round++) {
      // Every other time it is the primary's session that ends, so that there are reigns enough to compare.
      if (round % 2 === 0) await expect.poll(primary, LONG).toBeDefined();
      const anyone = contenders[Math.floor(Math.random() * contenders.length)] as Contender;
      const victim = round % 2 === 0 ? (contenders.find(({ name }) => name === primary()) ?? anyone) : anyone;
      const wished = contenders[Math.floor(Math.random() * contenders.length)]?.name ?? '';
      const wishes = [{}, { node: wished }, { notNode: wished }];
      await Promise.all([cluster.expire(victim.store).then(() => victim.announce()), election.setWish(wishes[round % 3] ?? {}, never)]);
      if (round % 4 === 3) await expect.poll(() => contenders.some(({ candidate }) => candidate.isPrimary), LONG).toBe(true);
    }
    expect(two).toEqual([]);
    const ordered = reigns.toSorted((one, next) => one.fromMs - next.fromMs);
    for (const [index, { toMs }] of ordered.slice(0, -1).entries()) expect(toMs).toBeLessThanOrEqual(ordered[index + 1]?.fromMs ?? 0);
    expect(ordered.length).toBeGreaterThan(2);
  });
});
