// What only the store in memory does: outlive its process in a directory, and be disturbed by tests.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openMemoryStore } from '../../src/cluster/memory/memory-store.js';
import { errorOf } from './error-of.js';

const roots = ['/a'];
const create = (path: string, data = '') => ({ kind: 'create', path, data }) as const;

describe('a store in memory', () => {
  it('finds again in its directory what lives for good, as it was', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rapid-memory-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const first = await openMemoryStore({ directory, roots });
    await first.commit([create('/a/x', 'ä\nb'), create('/a/x/y'), create('/a/gone')]);
    await first.commit([
      { kind: 'set', path: '/a/x', data: 'ö\n\nb', version: 0 },
      { kind: 'remove', path: '/a/gone', version: 0 },
    ]);
    await first.putEphemeral('/a/e', 'ephemeral');
    await first.createQueued('/a/made/q', 'name-', '');
    await first.createQueued('/a/queue', 'left-', '', { kept: true });
    await first.createQueued('/a/queue', 'kept-', 'text', { kept: true });
    await first.discard('/a/queue/left-0000000000');
    await first.close();
    const second = await openMemoryStore({ directory, roots });
    expect(await second.get('/a/x')).toEqual({ data: 'ö\n\nb', version: 1 });
    expect((await second.children('/a')).toSorted()).toEqual(['made', 'queue', 'x']);
    expect([await second.children('/a/x'), await second.children('/a/made/q')]).toEqual([['y'], []]);
    expect(await second.get('/a/queue/kept-0000000001')).toEqual({ data: 'text', version: 0 });
    expect(await second.createQueued('/a/queue', 'next-', '', { kept: true })).toBe('next-0000000002');
    await expect(second.commit([{ kind: 'remove', path: '/a/x', version: 1 }])).rejects.toMatchObject({ reason: 'children' });
    await second.close();
  });

  it('makes calls wait while it is suspended, and tells then what was missed', async () => {
    const store = await openMemoryStore({ roots });
    const other = store.tree.openSession();
    const onChange = vi.fn<() => void>();
    await store.get('/a/x', onChange);
    store.suspend();
    let done = 0;
    const calls = [store.get('/a/x'), store.children('/a'), store.commit([create('/a/y')]), store.putEphemeral('/a/e', '')];
    for (const call of calls) void call.finally(() => (done += 1));
    await other.commit([create('/a/x')]);
    expect([done, onChange.mock.calls.length]).toEqual([0, 0]);
    store.resume();
    await Promise.all(calls);
    expect(onChange).toHaveBeenCalledTimes(1);
    await other.close();
    await store.close();
  });

  it('loses what a fault says, or what a break cuts off', async () => {
    const losses = ['lose-request', 'lose-answer'] as const;
    let next = 0;
    const store = await openMemoryStore({ roots, faults: { onCommit: () => losses[next++] } });
    const lost = { name: 'ConnectionLost' };
    await expect(store.commit([create('/a/1')])).rejects.toMatchObject(lost);
    await expect(store.commit([create('/a/2')])).rejects.toMatchObject(lost);
    const cut = store.commit([create('/a/3')]);
    await Promise.resolve();
    store.suspend();
    store.resume();
    await expect(cut).rejects.toMatchObject(lost);
    expect((await store.children('/a')).toSorted()).toEqual(['2', '3']);
    await store.close();
  });

  it('ends a session with its nodes, its watches and the calls that were bound to it', async () => {
    const store = await openMemoryStore({ roots });
    const other = store.tree.openSession();
    const states: string[] = [];
    store.onSession((state) => states.push(state));
    const onChange = vi.fn<() => void>();
    await store.get('/a/x', onChange);
    await store.putEphemeral('/a/e', '');
    store.suspend();
    const bound = errorOf(store.putEphemeral('/a/f', ''));
    const read = store.get('/a');
    await store.expire();
    expect(await bound).toMatchObject({ name: 'SessionExpired' });
    await read;
    expect(states).toEqual(['suspended', 'expired', 'connected']);
    expect(onChange).toHaveBeenCalledTimes(1);
    expect(await other.children('/a')).toEqual([]);
    await other.close();
    await store.close();
  });
});
