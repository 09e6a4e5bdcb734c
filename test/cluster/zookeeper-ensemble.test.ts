// Three ZooKeeper servers: one is killed, lags behind or is cut off, and nothing is lost, done twice or read too early.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { compareAndSet } from '../../src/cluster/compare-and-set.js';
import { fencedStore } from '../../src/cluster/fence.js';
import { createLocks } from '../../src/cluster/locks.js';
import type { Store } from '../../src/cluster/store.js';
import { openZooKeeperStore } from '../../src/cluster/zookeeper/zookeeper-store.js';
import { patience } from '../lab/patience.js';
import { startEnsemble } from '../lab/zookeeper.js';
import type { EnsembleHandle } from '../lab/zookeeper.js';
import { errorOf } from './error-of.js';

const LONG_MS = 60_000;
const SHORT_MS = 4000;

describe('an ensemble of three', () => {
  let dir = '';
  let ensemble: EnsembleHandle;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rapid-ensemble-'));
    ensemble = await startEnsemble(dir);
  }, patience(120_000));
  afterAll(async () => {
    await ensemble.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function open(connect = ensemble.connect, sessionTimeoutMs = LONG_MS): Promise<Store> {
    const store = await openZooKeeperStore({ connect, root: '/rapid', sessionTimeoutMs, roots: ['/a', '/locks'] });
    onTestFinished(() => store.close());
    return store;
  }

  it('makes each change and each lock entry once while the leader is killed', async () => {
    const [writer, reader] = [await open(), await open()];
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    const leader = await ensemble.leader();
    let done = 0;
    const changes = numbers.map(async (number) => {
      const path = `/a/once-${number}`;
      await compareAndSet(writer, async () => {
        const present = await writer.get(path);
        return { changes: present ? [] : [{ kind: 'create', path, data: '' }], result: undefined };
      });
      await writer.createQueued('/locks/x', `job-${number}-`, '', { kept: true });
      done += 1;
      if (done === 100) await leader.kill();
    });
    await Promise.all(changes);
    await reader.sync();
    const made = (await reader.children('/a')).filter((name) => name.startsWith('once-'));
    expect(made).toHaveLength(numbers.length);
    const owners = (await reader.children('/locks/x')).map((name) => name.slice(0, -10));
    expect(owners.toSorted()).toEqual(numbers.map((number) => `job-${number}-`).toSorted());
    await leader.restart();
  });

  it('shows what was committed, after a sync, through a follower that stood still meanwhile', async () => {
    const follower = await ensemble.follower();
    const others = ensemble.servers.filter((server) => server !== follower).map(({ connect }) => connect);
    const [writer, reader] = [await open(others.join()), await open(follower.connect)];
    await writer.commit([{ kind: 'create', path: '/a/lag', data: '' }]);
    for (let version = 0; version < 5; version += 1) {
      follower.pause();
      await writer.commit([{ kind: 'set', path: '/a/lag', data: `${version}`, version }]);
      follower.resume();
      await reader.sync();
      expect(await reader.get('/a/lag')).toEqual({ data: `${version}`, version: version + 1 });
    }
  });

  it('lets who is cut off from the others do nothing, while another one goes on', async () => {
    const follower = await ensemble.follower();
    const others = ensemble.servers.filter((server) => server !== follower).map(({ connect }) => connect);
    const [cutOff, other] = [await open(follower.connect, SHORT_MS), await open(others.join())];
    const claim = { job: 0, opcode: 'agent', signal: AbortSignal.timeout(patience(60_000)) };
    const held = await createLocks(cutOff, { worker: 'one' }).acquire([{ resource: 'node/hv1', mode: 'exclusive' }], claim);
    await cutOff.commit([{ kind: 'create', path: '/a/turn', data: 'one' }]);
    follower.pause();
    const late = errorOf(fencedStore(cutOff, held.entries).commit([{ kind: 'set', path: '/a/turn', data: 'late', version: 0 }]));
    const next = await createLocks(other, { worker: 'two' }).acquire([{ resource: 'node/hv1', mode: 'exclusive' }], claim);
    expect(held.lost.aborted).toBe(true);
    await fencedStore(other, next.entries).commit([{ kind: 'set', path: '/a/turn', data: 'two', version: 0 }]);
    follower.resume();
    expect(await late).toMatchObject({ name: expect.stringMatching(/^(ConnectionLost|SessionExpired)$/) });
    await cutOff.connected();
    await cutOff.sync();
    expect(await cutOff.get('/a/turn')).toEqual({ data: 'two', version: 1 });
    await cutOff.commit([{ kind: 'set', path: '/a/turn', data: 'back', version: 1 }]);
    await next.release();
  });
});
