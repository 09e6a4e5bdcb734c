// The in-memory copy of a collection, on both stores: complete, kept up to date, and honest about when it is not.
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { mirrorCollection } from '../../src/cluster/mirror.js';
import type { Mirror, MirrorOptions } from '../../src/cluster/mirror.js';
import type { Change, Store } from '../../src/cluster/store.js';
import { patience } from '../lab/patience.js';
import { implementations } from './implementations.js';
import type { Cluster } from './implementations.js';

interface Vm {
  name: string;
}

const parse = (text: string): Vm => JSON.parse(text) as Vm;
const vm = (name: string): string => JSON.stringify({ name });
const kilobyte = (key: string): string => JSON.stringify({ name: `vm-${key}`, padding: 'x'.repeat(1000) });
const byName: MirrorOptions<Vm> = { index: ({ name }) => name };

describe.each(implementations)('a mirror: %s', (_name, openCluster) => {
  let cluster: Cluster;
  let writer: Store;
  let reader: Store;
  let collection = '';
  let serial = 0;
  beforeAll(async () => {
    cluster = await openCluster(['/mirrored']);
    writer = await cluster.open();
    reader = await cluster.open();
  });
  afterAll(async () => {
    await writer.close();
    await reader.close();
    await cluster.close();
  });
  beforeEach(async () => {
    collection = `/mirrored/${(serial += 1)}`;
    await writer.commit([{ kind: 'create', path: collection, data: '' }]);
  });

  const create = (key: string, data: string): Change => ({ kind: 'create', path: `${collection}/${key}`, data });
  const set = (key: string, data: string, version: number): Change => ({ kind: 'set', path: `${collection}/${key}`, data, version });
  const remove = (key: string, version: number): Change => ({ kind: 'remove', path: `${collection}/${key}`, version });

  async function open(options: MirrorOptions<Vm> = byName, store = reader): Promise<Mirror<Vm>> {
    const mirror = await mirrorCollection(store, collection, parse, options);
    onTestFinished(() => mirror.close());
    return mirror;
  }

  it('holds what is there, and follows creations, changes and removals', async () => {
    await writer.commit([create('1', vm('one')), create('2', vm('two'))]);
    const mirror = await open();
    expect([mirror.size, mirror.get('1'), mirror.staleSince]).toEqual([2, { name: 'one' }, undefined]);
    const changes: [string, Vm | undefined][] = [];
    mirror.onChange((key, value) => changes.push([key, value]));
    await writer.commit([set('1', vm('uno'), 0)]);
    await expect.poll(() => mirror.get('1')).toEqual({ name: 'uno' });
    await writer.commit([create('3', vm('three'))]);
    await expect.poll(() => mirror.get('3')).toEqual({ name: 'three' });
    await writer.commit([remove('2', 0)]);
    await expect.poll(() => [...mirror.all().keys()].toSorted()).toEqual(['1', '3']);
    await writer.commit([create('2', vm('again'))]);
    await expect.poll(() => mirror.get('2')).toEqual({ name: 'again' });
    expect(changes).toEqual([
      ['1', { name: 'uno' }],
      ['3', { name: 'three' }],
      ['2', undefined],
      ['2', { name: 'again' }],
    ]);
  });

  it('finds keys by a property, through renames, swaps and removals', async () => {
    await writer.commit([create('1', vm('a')), create('2', vm('b')), create('3', vm('b'))]);
    const mirror = await open();
    expect([[...mirror.keysBy('a')], [...mirror.keysBy('b')].toSorted(), [...mirror.keysBy('c')]]).toEqual([['1'], ['2', '3'], []]);
    await writer.commit([set('1', vm('b'), 0), set('2', vm('a'), 0), remove('3', 0)]);
    await expect.poll(() => [[...mirror.keysBy('a')], [...mirror.keysBy('b')]]).toEqual([['2'], ['1']]);
  });

  it('reports and leaves out what cannot be parsed, until it can', async () => {
    await writer.commit([create('good', vm('g')), create('bad', '{')]);
    const onError = vi.fn<() => void>();
    const mirror = await open({ onError });
    expect([mirror.size, mirror.staleSince]).toEqual([1, undefined]);
    expect(onError.mock.calls).toEqual([[expect.any(SyntaxError), 'bad']]);
    await writer.commit([set('bad', vm('mended'), 0), set('good', '', 0)]);
    await expect.poll(() => [mirror.get('bad'), mirror.get('good')]).toEqual([{ name: 'mended' }, undefined]);
    await writer.commit([remove('good', 1)]);
    await expect.poll(() => mirror.size).toBe(1);
  });

  it('ends at the last state of a collection that changes all the time', async () => {
    const mirror = await open();
    const last = new Map<string, string>();
    for (let round = 0; round < 40; round += 1) {
      const batch = Array.from({ length: 10 }, (_, index) => `${(round * 7 + index) % 50}`);
      const changes: Change[] = await Promise.all(
        batch.map(async (key, index) => {
          const node = await writer.get(`${collection}/${key}`);
          const name = `${round}-${index}`;
          if (node && index % 3 === 0) last.delete(key);
          else last.set(key, name);
          if (!node) return create(key, vm(name));
          return index % 3 === 0 ? remove(key, node.version) : set(key, vm(name), node.version);
        }),
      );
      await writer.commit(changes);
    }
    await expect.poll(() => new Map([...mirror.all()].map(([key, { name }]) => [key, name]))).toEqual(last);
    for (const [key, name] of last) expect([...mirror.keysBy(name)]).toEqual([key]);
  });

  it('keeps showing all it had while a lost session is made up for, and says since when', async () => {
    const session = await cluster.open();
    onTestFinished(() => session.close());
    for (let start = 0; start < 500; start += 100) {
      await writer.commit(Array.from({ length: 100 }, (_, index) => create(`${start + index}`, vm(`${start + index}`))));
    }
    const mirror = await open(byName, session);
    const changed: string[] = [];
    mirror.onChange((key) => changed.push(key));
    const sizes = new Set<number>();
    const staleAt: (number | undefined)[] = [];
    session.onSession(() => {
      sizes.add(mirror.size);
      staleAt.push(mirror.staleSince);
    });
    const before = Date.now();
    const back = cluster.expire(session);
    await writer.commit([set('7', vm('seven'), 0), remove('8', 0), create('new', vm('new'))]);
    await back;
    const isFresh = (): boolean => {
      sizes.add(mirror.size);
      return mirror.staleSince === undefined;
    };
    await vi.waitUntil(isFresh, { timeout: patience(30_000), interval: 1 });
    expect(mirror.size).toBe(500);
    expect(['7', '8', 'new'].map((key) => mirror.get(key))).toEqual([{ name: 'seven' }, undefined, { name: 'new' }]);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(499);
    expect(staleAt.length).toBeGreaterThanOrEqual(2);
    for (const since of staleAt) expect(since).toBeGreaterThanOrEqual(before);
    expect(changed.toSorted()).toEqual(['7', '8', 'new']);
    await writer.commit([set('9', vm('nine'), 0)]);
    await expect.poll(() => mirror.get('9')).toEqual({ name: 'nine' });
  });

  it('reads a new key alone, however many there are, and lists them once a connection', async () => {
    for (let start = 0; start < 2000; start += 500) {
      await writer.commit(Array.from({ length: 500 }, (_, index) => create(`${start + index}`, vm(`${start + index}`))));
    }
    const calls: string[] = [];
    const session = await cluster.open(60_000);
    onTestFinished(() => session.close());
    const counted = new Proxy(session, {
      get(target, name) {
        if (name === 'children' || name === 'followChildren' || name === 'getPresent' || name === 'get') calls.push(name);
        return Reflect.get(target, name) as unknown;
      },
    });
    const mirror = await open(byName, counted);
    expect([calls.length, calls.filter((name) => name !== 'getPresent')]).toEqual([2001, ['followChildren']]);
    for (let round = 0; round < 50; round += 1) {
      await writer.commit([create(`new-${round}`, vm(`new-${round}`))]);
      await session.sync();
      await mirror.caughtUp();
      expect(mirror.get(`new-${round}`)).toEqual({ name: `new-${round}` });
    }
    expect(calls.slice(2001)).toEqual(Array.from({ length: 50 }, () => 'getPresent'));
  });

  it('has seen what was committed when it has caught up, also in the middle of many changes', async () => {
    await writer.commit(Array.from({ length: 20 }, (_, key) => create(`${key}`, vm('0'))));
    const mirror = await open();
    for (let round = 1; round <= 40; round += 1) {
      const [last, gone] = [`${round % 20}`, `gone-${round}`];
      const node = await writer.get(`${collection}/${last}`);
      // Those before are still on their way when these are.
      const earlier = Array.from({ length: 5 }, (_, index) => writer.commit([create(`${round}-${index}`, vm('early'))]));
      await writer.commit([set(last, vm(`${round}`), node?.version ?? 0), create(gone, vm('short'))]);
      await writer.commit([remove(gone, 0)]);
      await reader.sync();
      await mirror.caughtUp();
      expect([mirror.get(last), mirror.get(gone)]).toEqual([{ name: `${round}` }, undefined]);
      await Promise.all(earlier);
    }
  });

  it('holds ten thousand', async () => {
    for (let start = 0; start < 10_000; start += 500) {
      await writer.commit(Array.from({ length: 500 }, (_, index) => create(`${start + index}`, kilobyte(`${start + index}`))));
    }
    const startedAt = performance.now();
    const mirror = await open();
    console.log(`10,000 entries of 1 kB loaded in ${(performance.now() - startedAt).toFixed(0)} ms`);
    expect([mirror.size, mirror.staleSince]).toEqual([10_000, undefined]);
    expect([...mirror.keysBy('vm-9999')]).toEqual(['9999']);
    const changedAt = performance.now();
    await writer.commit([set('5000', vm('changed'), 0), create('more', vm('more'))]);
    await expect.poll(() => [mirror.get('5000'), mirror.get('more')], { interval: 1 }).toEqual([{ name: 'changed' }, { name: 'more' }]);
    console.log(`a change and a creation seen after ${(performance.now() - changedAt).toFixed(0)} ms`);
  });

  it('rejects when the store is closed while it loads', async () => {
    const session = await cluster.open();
    await session.close();
    await expect(mirrorCollection(session, collection, parse)).rejects.toMatchObject({ name: 'StoreClosed' });
  });
});
