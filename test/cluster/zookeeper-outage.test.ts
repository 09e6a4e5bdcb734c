// What a session with ZooKeeper makes of servers that crash or hang, and of networks that lose answers.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLocks } from '../../src/cluster/locks.js';
import { mirrorCollection } from '../../src/cluster/mirror.js';
import type { SessionState, Store } from '../../src/cluster/store.js';
import { noWatches } from '../../src/cluster/zookeeper/armed-watches.js';
import { openConnection, SessionRefused } from '../../src/cluster/zookeeper/connection.js';
import { parseServers } from '../../src/cluster/zookeeper/servers.js';
import { openZooKeeperStore } from '../../src/cluster/zookeeper/zookeeper-store.js';
import { patience } from '../lab/patience.js';
import { errorOf } from './error-of.js';
import { sessionTimeoutMs, startZooKeeperLab } from './zookeeper-lab.js';
import type { ZooKeeperLab } from './zookeeper-lab.js';

const SOON = { timeout: patience(40_000), interval: 5 };
const patientMs = 30_000;

describe('a session with ZooKeeper', () => {
  let lab: ZooKeeperLab;
  let store: Store;
  let other: Store;
  let states: SessionState[];
  let serial = 0;
  let path = '';
  beforeAll(async () => {
    lab = await startZooKeeperLab(['/a', '/locks']);
  });
  afterAll(() => lab.close());
  beforeEach(async () => {
    [store, other] = await Promise.all([lab.open(), lab.open(patientMs)]);
    states = [];
    store.onSession((state) => states.push(state));
    path = `/a/${(serial += 1)}`;
  });
  afterEach(async () => {
    await Promise.all([store.close(), other.close()]);
  });

  /** The session under test, where it is to outlive what takes its time on a busy machine. */
  async function openPatient(): Promise<void> {
    await store.close();
    store = await lab.open(patientMs);
    states = [];
    store.onSession((state) => states.push(state));
  }

  it('outlives a crash of the server, with its nodes, watches, locks and waiting calls', async () => {
    await openPatient();
    await store.commit([{ kind: 'create', path, data: 'kept' }]);
    await store.putEphemeral(`${path}e`, 'mine');
    const held = await createLocks(store, { worker: 'w' }).acquire([{ resource: path, mode: 'exclusive' }], {
      job: 1,
      opcode: 'OP',
      signal: AbortSignal.timeout(patience(60_000)),
    });
    const onText = vi.fn<() => void>();
    const onCreation = vi.fn<() => void>();
    const onChildren = vi.fn<() => void>();
    await store.get(path, onText);
    await store.get(`${path}x`, onCreation);
    await store.children(path, onChildren);
    await lab.server.kill();
    await expect.poll(() => store.session, SOON).toBe('suspended');
    const read = store.get(path);
    const written = store.commit([{ kind: 'create', path: `${path}w`, data: '' }]);
    const queued = store.createQueued(`${path}q`, 'guid-', '');
    await lab.server.restart();
    expect(await read).toEqual({ data: 'kept', version: 0 });
    await written;
    expect(await queued).toBe('guid-0000000000');
    expect(states).toEqual(['suspended', 'connected']);
    expect(held.lost.aborted).toBe(false);
    expect([onText, onCreation, onChildren].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0]);
    await other.commit([
      { kind: 'set', path, data: 'changed', version: 0 },
      { kind: 'create', path: `${path}x`, data: '' },
      { kind: 'create', path: `${path}/child`, data: '' },
    ]);
    await expect.poll(() => [onText, onCreation, onChildren].map(({ mock }) => mock.calls.length), SOON).toEqual([1, 1, 1]);
    expect((await other.get(`${path}e`))?.data).toBe('mine');
    await held.release();
  });

  it('tells of changes that were made while it was cut off', async () => {
    await other.commit([{ kind: 'create', path, data: '' }]);
    const onText = vi.fn<() => void>();
    const onCreation = vi.fn<() => void>();
    const onChildren = vi.fn<() => void>();
    await store.get(path, onText);
    await store.get(`${path}x`, onCreation);
    await store.children('/a', onChildren);
    lab.networkOf(store).freeze();
    await other.commit([
      { kind: 'remove', path, version: 0 },
      { kind: 'create', path: `${path}x`, data: '' },
    ]);
    lab.networkOf(store).thaw();
    await expect.poll(() => [onText, onCreation, onChildren].map(({ mock }) => mock.calls.length), SOON).toEqual([1, 1, 1]);
    expect(states).not.toContain('expired');
  });

  it('takes more watches along than one packet holds', async () => {
    await openPatient();
    const names = Array.from({ length: 6000 }, (_, index) => `${path}/${String(index).padStart(220, 'n')}`);
    await other.commit([{ kind: 'create', path, data: '' }]);
    for (let start = 0; start < names.length; start += 1000) {
      await other.commit(names.slice(start, start + 1000).map((name) => ({ kind: 'create', path: name, data: '' })));
    }
    const onChange = vi.fn<(name: string) => void>();
    await Promise.all(names.map((name) => store.get(name, () => onChange(name))));
    const [first, last] = [names[0] ?? '', names.at(-1) ?? ''];
    lab.networkOf(store).freeze();
    await other.commit([{ kind: 'set', path: first, data: 'x', version: 0 }]);
    lab.networkOf(store).thaw();
    await expect.poll(() => onChange.mock.calls, SOON).toEqual([[first]]);
    await other.commit([{ kind: 'set', path: last, data: 'x', version: 0 }]);
    await expect.poll(() => onChange.mock.calls, SOON).toEqual([[first], [last]]);
    expect(states).toEqual(['suspended', 'connected']);
  });

  it('makes one queued node only when the answer to its creation was lost', async () => {
    await store.commit([{ kind: 'create', path, data: '' }]);
    lab.networkOf(store).loseAnswers();
    const created = store.createQueued(path, 'guid-', 'text');
    await expect.poll(() => other.children(path), SOON).toHaveLength(1);
    lab.networkOf(store).cut();
    const name = await created;
    expect(await other.children(path)).toEqual([name]);
    expect(await store.createQueued(path, 'next-', '')).toBe('next-0000000001');
  });

  it('makes one kept node only, also when its session has ended before the answer came', async () => {
    await other.commit([{ kind: 'create', path, data: '' }]);
    lab.networkOf(store).loseAnswers();
    const cut = store.createQueued(path, 'one-', 'text', { kept: true });
    await expect.poll(() => other.children(path), SOON).toHaveLength(1);
    lab.networkOf(store).cut();
    expect(await other.children(path)).toEqual([await cut]);
    lab.networkOf(store).loseAnswers();
    const bound = errorOf(store.createQueued(path, 'bound-', ''));
    const kept = store.createQueued(path, 'two-', 'text', { kept: true });
    await expect.poll(() => other.children(path), SOON).toHaveLength(3);
    await lab.expire(store);
    expect(await bound).toMatchObject({ name: 'SessionExpired' });
    const name = await kept;
    expect(name).toBe('two-0000000002');
    // The server ends the old session a little later than this side does.
    await expect.poll(async () => (await other.children(path)).toSorted(), SOON).toEqual([await cut, name]);
    expect(await other.get(`${path}/${name}`)).toEqual({ data: 'text', version: 0 });
  });

  it('makes one kept node only when a server that hangs creates the first one late', async () => {
    await other.commit([{ kind: 'create', path, data: '' }]);
    lab.server.pause();
    const names = ['a-', 'b-', 'c-'].map(async (name) => store.createQueued(path, name, '', { kept: true }));
    const commit = errorOf(store.commit([{ kind: 'create', path: `${path}/late`, data: '' }]));
    await expect.poll(() => states, SOON).toContain('expired');
    expect(await commit).toMatchObject({ name: 'ConnectionLost' });
    lab.server.resume();
    const made = await Promise.all(names);
    const first = (await store.children(path)).toSorted();
    expect(first.filter((name) => name !== 'late')).toEqual(made);
    await other.connected();
    await other.commit([{ kind: 'create', path: `${path}x`, data: '' }]);
    expect((await other.children(path)).toSorted()).toEqual(first);
  });

  it('repeats what is safe, and says when a commit may or may not have been made', async () => {
    await store.commit([{ kind: 'create', path, data: 'before' }]);
    lab.networkOf(store).loseAnswers();
    const commit = errorOf(store.commit([{ kind: 'set', path, data: 'after', version: 0 }]));
    const put = store.putEphemeral(`${path}e`, 'put');
    const discarded = store.discard(`${path}none`);
    const read = store.get(path);
    await expect.poll(() => other.get(path), SOON).toEqual({ data: 'after', version: 1 });
    lab.networkOf(store).cut();
    await Promise.all([put, discarded]);
    expect(await commit).toMatchObject({ name: 'ConnectionLost' });
    expect(await read).toEqual({ data: 'after', version: 1 });
    expect((await other.get(`${path}e`))?.data).toBe('put');
  });

  it('is over when a server hangs for longer than the session may, before the server says so', async () => {
    await store.commit([{ kind: 'create', path, data: '' }]);
    const onText = vi.fn<() => void>();
    await store.get(path, onText);
    const locks = createLocks(store, { worker: 'w' });
    const held = await locks.acquire([{ resource: path, mode: 'exclusive' }], {
      job: 1,
      opcode: 'OP',
      signal: AbortSignal.timeout(patience(60_000)),
    });
    const mirror = await mirrorCollection(store, '/a', (text) => text);
    lab.server.pause();
    const pausedAt = performance.now();
    const put = errorOf(store.putEphemeral(`${path}e`, ''));
    const queued = errorOf(store.createQueued(`${path}q`, 'guid-', ''));
    const read = store.get(path);
    await expect.poll(() => held.lost.aborted, SOON).toBe(true);
    expect(performance.now() - pausedAt).toBeLessThan(2 * sessionTimeoutMs);
    for (const error of [await put, await queued]) expect(error).toMatchObject({ name: 'SessionExpired' });
    await expect.poll(() => onText.mock.calls.length, SOON).toBe(1);
    expect(states).toEqual(['suspended', 'expired']);
    expect(mirror.staleSince).toBeDefined();
    lab.server.resume();
    expect(await read).toEqual({ data: '', version: 0 });
    expect(states).toEqual(['suspended', 'expired', 'connected']);
    await expect.poll(() => mirror.staleSince, SOON).toBeUndefined();
    const again = await locks.acquire([{ resource: path, mode: 'exclusive' }], {
      job: 1,
      opcode: 'OP',
      signal: AbortSignal.timeout(patience(60_000)),
    });
    expect(again.lost.aborted).toBe(false);
    await again.release();
    mirror.close();
  });

  it('is refused when the server knows nothing of it', async () => {
    const stranger = openConnection({
      servers: parseServers(lab.server.connect),
      credentials: undefined,
      sessionTimeoutMs,
      handshakeTimeoutMs: sessionTimeoutMs,
      continuation: { id: Buffer.alloc(8, 7), password: Buffer.alloc(16), watches: noWatches },
      onWatch: () => {},
      onCreated: () => {},
      onAlive: () => {},
      onEnd: () => {},
      signal: AbortSignal.timeout(sessionTimeoutMs),
    });
    await expect(stranger).rejects.toBeInstanceOf(SessionRefused);
  });

  it('closes while the server hangs or is down, and refuses the calls that wait', async () => {
    lab.server.pause();
    const read = errorOf(store.get(path));
    const startedAt = performance.now();
    await store.close();
    expect(await read).toMatchObject({ name: 'StoreClosed' });
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    lab.server.resume();
    await lab.server.kill();
    const waiting = errorOf(other.get(path));
    await expect.poll(() => other.session, SOON).toBe('suspended');
    await other.close();
    expect(await waiting).toMatchObject({ name: 'StoreClosed' });
    await lab.server.restart();
  });

  it('is opened when a server comes, unless that takes too long or the list of servers is none', async () => {
    await lab.server.kill();
    const options = { connect: lab.server.connect, root: '/rapid/late', sessionTimeoutMs, roots: [] };
    const signal = AbortSignal.timeout(300);
    await expect(openZooKeeperStore({ ...options, signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    const opening = openZooKeeperStore(options);
    await lab.server.restart();
    const late = await opening;
    expect(late.session).toBe('connected');
    await late.close();
    await expect(openZooKeeperStore({ ...options, connect: '' })).rejects.toMatchObject({ errorClass: 'wrong_input' });
  });
});
