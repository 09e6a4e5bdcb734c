// What every cluster store keeps to: the same suite for each implementation.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { StoreConflict } from '../../src/cluster/store.js';
import type { Change, Store } from '../../src/cluster/store.js';

/** Opens sessions with one store, whose collections are /a and /b. Each call of `open` is another session. */
export interface OpenedStore {
  open(): Promise<Store>;
  close(): Promise<void>;
}

let serial = 0;
/** A name that no other test uses. */
const fresh = (stem = 'n'): string => `${stem}-${(serial += 1)}`;

const create = (path: string, data = ''): Change => ({ kind: 'create', path, data });

async function reasonOf(commit: Promise<void>): Promise<unknown> {
  return commit.then(
    () => 'done',
    (error: unknown) => (error instanceof StoreConflict ? [error.path, error.reason] : error),
  );
}

export function storeContract(name: string, openAll: () => Promise<OpenedStore>): void {
  describe(`the store contract: ${name}`, () => {
    let all: OpenedStore;
    let store: Store;
    let other: Store;
    beforeAll(async () => {
      all = await openAll();
      store = await all.open();
      other = await all.open();
    });
    afterAll(async () => {
      await store.close();
      await other.close();
      await all.close();
    });

    describe('commits', () => {
      it('create, set and remove a node, each at its version', async () => {
        const path = `/a/${fresh()}`;
        await store.commit([create(path, 'one')]);
        expect(await other.get(path)).toEqual({ data: 'one', version: 0 });
        await store.commit([{ kind: 'set', path, data: 'two', version: 0 }]);
        expect(await store.get(path)).toEqual({ data: 'two', version: 1 });
        await store.commit([{ kind: 'remove', path, version: 1 }]);
        expect(await store.get(path)).toBeUndefined();
      });

      it('refuse, and name the path and the reason', async () => {
        const path = `/a/${fresh()}`;
        await store.commit([create(path), create(`${path}/child`)]);
        await store.commit([{ kind: 'set', path, data: '', version: 0 }]);
        expect(await reasonOf(store.commit([create(path)]))).toEqual([path, 'exists']);
        expect(await reasonOf(store.commit([create('/a/nowhere/below')]))).toEqual(['/a/nowhere/below', 'missing']);
        for (const kind of ['set', 'remove', 'check'] as const) {
          const at = (place: string, version: number): Change => ({ kind, path: place, data: '', version });
          expect(await reasonOf(store.commit([at('/a/nowhere', 0)]))).toEqual(['/a/nowhere', 'missing']);
          expect(await reasonOf(store.commit([at(path, 0)]))).toEqual([path, 'version']);
          expect(await reasonOf(store.commit([at(path, 2)]))).toEqual([path, 'version']);
        }
        expect(await reasonOf(store.commit([{ kind: 'remove', path, version: 1 }]))).toEqual([path, 'children']);
      });

      it('change all or nothing', async () => {
        const [one, two, three] = [`/a/${fresh()}`, `/a/${fresh()}`, `/b/${fresh()}`];
        await store.commit([create(one, 'before'), create(two)]);
        const refused = store.commit([
          { kind: 'set', path: one, data: 'after', version: 0 },
          create(three),
          { kind: 'remove', path: two, version: 7 },
        ]);
        expect(await reasonOf(refused)).toEqual([two, 'version']);
        expect(await store.get(one)).toEqual({ data: 'before', version: 0 });
        expect(await store.get(three)).toBeUndefined();
        await store.commit([
          { kind: 'check', path: two, version: 0 },
          { kind: 'set', path: one, data: 'after', version: 0 },
          create(three),
          { kind: 'remove', path: two, version: 0 },
        ]);
        expect(await store.get(one)).toEqual({ data: 'after', version: 1 });
        expect([await store.get(two), await store.get(three)]).toEqual([undefined, { data: '', version: 0 }]);
      });

      it('see in each change those before it', async () => {
        const path = `/a/${fresh()}`;
        await store.commit([create(path), create(`${path}/child`), { kind: 'set', path, data: 'x', version: 0 }]);
        expect(await store.get(path)).toEqual({ data: 'x', version: 1 });
        await store.commit([
          { kind: 'remove', path: `${path}/child`, version: 0 },
          { kind: 'remove', path, version: 1 },
          create(path, 'again'),
        ]);
        expect(await store.get(path)).toEqual({ data: 'again', version: 0 });
      });

      it('let exactly one of twenty creations of a name win', async () => {
        const path = `/a/${fresh()}`;
        const attempts = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? store : other).commit([create(path, String(index))]));
        const outcomes = await Promise.all(attempts.map(reasonOf));
        expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome !== 'done')).toEqual(Array.from({ length: 19 }, () => [path, 'exists']));
      });

      it('let exactly one of twenty changes of a version win', async () => {
        const path = `/a/${fresh()}`;
        await store.commit([create(path)]);
        const attempts = Array.from({ length: 20 }, () => store.commit([{ kind: 'set', path, data: '', version: 0 }]));
        const outcomes = await Promise.all(attempts.map(reasonOf));
        expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome !== 'done')).toEqual(Array.from({ length: 19 }, () => [path, 'version']));
      });

      it('keep any text', async () => {
        const path = `/a/${fresh('Gerät-日本')}`;
        const data = `${'ä😀\u0000'.repeat(20_000)}\n`;
        expect(Buffer.byteLength(data)).toBeGreaterThan(100_000);
        await store.commit([create(path, data)]);
        expect(await other.get(path)).toEqual({ data, version: 0 });
        expect(await store.children('/a')).toContain(path.slice(3));
      });

      it('refuse what is too large, no path or no version, and go on', async () => {
        const path = `/a/${fresh()}`;
        await expect(store.commit([create(path, 'x'.repeat(1_100_000))])).rejects.toMatchObject({ errorClass: 'wrong_input' });
        for (const bad of ['', 'a', '/a/', '//a', '/a/..', '/a/\u0007', '/a/😀']) {
          await expect(store.commit([create(bad)])).rejects.toThrow(TypeError);
          await expect(store.get(bad)).rejects.toThrow(TypeError);
        }
        await expect(store.commit([{ kind: 'check', path: '/a', version: -1 }])).rejects.toThrow(TypeError);
        await store.commit([create(path, 'x'.repeat(900_000))]);
        expect((await store.get(path))?.data).toHaveLength(900_000);
      });
    });

    describe('watches', () => {
      it('tell of a creation, a change and a removal, once each', async () => {
        const path = `/a/${fresh()}`;
        const onChange = vi.fn<() => void>();
        expect(await store.get(path, onChange)).toBeUndefined();
        await other.commit([create(path)]);
        await expect.poll(() => onChange.mock.calls.length).toBe(1);
        await store.get(path, onChange);
        await other.commit([{ kind: 'set', path, data: 'x', version: 0 }]);
        await expect.poll(() => onChange.mock.calls.length).toBe(2);
        await other.commit([{ kind: 'set', path, data: 'y', version: 1 }]);
        expect(await store.getPresent(path, onChange)).toEqual({ data: 'y', version: 2 });
        await other.commit([{ kind: 'remove', path, version: 2 }]);
        await expect.poll(() => onChange.mock.calls.length).toBe(3);
        expect(await store.getPresent(path, onChange)).toBeUndefined();
        await other.commit([create(path)]);
        await store.get(path);
        expect(onChange).toHaveBeenCalledTimes(3);
      });

      it('tell of the list of children, also of a node that is missing', async () => {
        const path = `/a/${fresh()}`;
        const onChange = vi.fn<() => void>();
        expect(await store.children(path, onChange)).toEqual([]);
        await other.commit([create(path)]);
        await expect.poll(() => onChange.mock.calls.length).toBe(1);
        await store.children(path, onChange);
        await other.commit([create(`${path}/x`), create(`${path}/y`)]);
        await expect.poll(() => onChange.mock.calls.length).toBe(2);
        expect((await store.children(path, onChange)).toSorted()).toEqual(['x', 'y']);
        await other.commit([{ kind: 'set', path: `${path}/x`, data: 'text', version: 0 }]);
        await other.commit([{ kind: 'remove', path: `${path}/y`, version: 0 }]);
        await expect.poll(() => onChange.mock.calls.length).toBe(3);
        expect(await store.children(path)).toEqual(['x']);
      });

      it('miss nothing: a counter followed by its watch ends at its last value', async () => {
        const path = `/a/${fresh()}`;
        await store.commit([create(path, '0')]);
        let seen = '';
        async function follow(): Promise<void> {
          seen = (await other.get(path, () => void follow()))?.data ?? '';
        }
        await follow();
        for (let version = 0; version < 300; version += 1) {
          await store.commit([{ kind: 'set', path, data: String(version + 1), version }]);
        }
        await expect.poll(() => seen).toBe('300');
      });
    });

    describe('followers of a collection', () => {
      it('hear the name of each child that is made, and of no other change', async () => {
        const path = `/a/${fresh()}`;
        await other.commit([create(path), create(`${path}/old`)]);
        const told: string[] = [];
        const { names, stop } = await store.followChildren(path, (child) => told.push(child));
        expect(names).toEqual(['old']);
        await other.commit([create(`${path}/one`), create(`${path}/one/below`), create(`${path}/zwei-ä`)]);
        await other.commit([
          { kind: 'set', path: `${path}/one`, data: 'text', version: 0 },
          { kind: 'set', path, data: 'text', version: 0 },
          { kind: 'remove', path: `${path}/old`, version: 0 },
          create(`${path}/old`),
        ]);
        await store.commit([create(`${path}/own`)]);
        await store.sync();
        expect(told).toEqual(['one', 'zwei-ä', 'old', 'own']);
        stop();
        await other.commit([create(`${path}/later`)]);
        await store.sync();
        expect(told).toHaveLength(4);
      });

      it('and watchers of the same nodes do not disturb each other', async () => {
        const path = `/a/${fresh()}`;
        await other.commit([create(path), create(`${path}/x`)]);
        const told: string[] = [];
        const onText = vi.fn<() => void>();
        await store.get(`${path}/x`, onText);
        await store.followChildren(path, (child) => told.push(child));
        await store.getPresent(`${path}/x`, onText);
        await other.commit([{ kind: 'set', path: `${path}/x`, data: '1', version: 0 }]);
        await store.sync();
        expect(onText).toHaveBeenCalledTimes(1);
        await other.commit([{ kind: 'set', path: `${path}/x`, data: '2', version: 1 }, create(`${path}/y`)]);
        await store.get(`${path}/x`, onText);
        await other.commit([{ kind: 'remove', path: `${path}/x`, version: 2 }]);
        await store.sync();
        expect(onText).toHaveBeenCalledTimes(2);
        expect(told).toEqual(['y']);
      });
    });

    it('has told all that others had committed when it has synced', async () => {
      const path = `/a/${fresh()}`;
      await other.commit([create(path, '0')]);
      for (let round = 0; round < 50; round += 1) {
        const told: string[] = [];
        await store.get(path, () => told.push('text'));
        await store.children('/a', () => told.push('children'));
        await other.commit([{ kind: 'set', path, data: '', version: round }, create(`${path}-${round}`)]);
        await store.sync();
        expect(told.toSorted()).toEqual(['children', 'text']);
      }
    });

    describe('ephemeral nodes', () => {
      it('are created, replaced, and gone with their session', async () => {
        const path = `/b/${fresh()}`;
        const session = await all.open();
        await session.putEphemeral(path, 'one');
        await session.putEphemeral(path, 'two');
        expect((await store.get(path))?.data).toBe('two');
        const onChange = vi.fn<() => void>();
        await store.get(path, onChange);
        await session.close();
        await expect.poll(() => onChange.mock.calls.length).toBe(1);
        expect(await store.get(path)).toBeUndefined();
      });

      it('of another session are taken over', async () => {
        const path = `/b/${fresh()}`;
        const session = await all.open();
        await session.putEphemeral(path, 'theirs');
        await store.putEphemeral(path, 'ours');
        await session.close();
        expect((await other.get(path))?.data).toBe('ours');
        await store.discard(path);
      });

      it('need a node above them', async () => {
        const path = `/b/${fresh()}/below`;
        await expect(store.putEphemeral(path, '')).rejects.toMatchObject({ name: 'StoreConflict', path, reason: 'missing' });
      });

      it('queue up in the order of their arrival, under a parent made for them', async () => {
        const parent = `/b/${fresh()}/made`;
        const names: string[] = [];
        for (const letter of ['z', 'y', 'x', 'w']) {
          names.push(await (letter < 'y' ? store : other).createQueued(parent, `${letter}-`, letter));
        }
        const numbers = names.map((text) => text.slice(2));
        expect(numbers).toEqual([...numbers].toSorted());
        expect(new Set(numbers).size).toBe(4);
        expect(names.join()).toMatch(/^z-\d{10},y-\d{10},x-\d{10},w-\d{10}$/);
        expect((await store.children(parent)).toSorted()).toEqual([...names].toSorted());
        expect((await other.get(`${parent}/${names[0]}`))?.data).toBe('z');
      });
    });

    describe('queued nodes that are kept', () => {
      it('outlive their session, in one order with those that do not, and are set and removed by version', async () => {
        const parent = `/b/${fresh()}/made`;
        const session = await all.open();
        const names = [
          await session.createQueued(parent, 'kept-', 'one', { kept: true }),
          await session.createQueued(parent, 'own-', ''),
          await store.createQueued(parent, 'kept-', 'three', { kept: true }),
        ];
        expect(names.join()).toMatch(/^kept-\d{10},own-\d{10},kept-\d{10}$/);
        const numbers = names.map((text) => Number(text.slice(-10)));
        expect(numbers).toEqual([...new Set(numbers)].toSorted((one, two) => one - two));
        await session.close();
        await expect.poll(() => store.children(parent)).toHaveLength(2);
        const path = `${parent}/${names[0]}`;
        expect(await store.get(path)).toEqual({ data: 'one', version: 0 });
        await store.commit([{ kind: 'set', path, data: 'adopted', version: 0 }]);
        expect(await reasonOf(other.commit([{ kind: 'check', path, version: 0 }]))).toEqual([path, 'version']);
        await other.commit([{ kind: 'remove', path, version: 1 }]);
        expect(await store.children(parent)).toEqual([names[2]]);
      });

      it('are numbered after all that are there', async () => {
        const parent = `/b/${fresh()}`;
        const names: string[] = [];
        for (let index = 0; index < 12; index += 1) {
          const made = await store.createQueued(parent, `${'zyxwvutsrqpo'[index]}-`, '', { kept: true });
          if (index % 3 === 0) await store.discard(`${parent}/${made}`);
          else names.push(made);
        }
        const byNumber = [...(await other.children(parent))].toSorted((one, two) => Number(one.slice(-10)) - Number(two.slice(-10)));
        expect(byNumber).toEqual(names);
      });
    });

    it('answers a session in the order of its calls', async () => {
      const path = `/a/${fresh()}`;
      const commit = store.commit([create(path, 'sent')]);
      expect((await store.get(path))?.data).toBe('sent');
      await commit;
      const discard = store.discard(path);
      expect(await store.children('/a')).not.toContain(path.slice(3));
      await discard;
    });

    it('discards what is there and what is not, but nothing with children', async () => {
      const path = `/a/${fresh()}`;
      await store.commit([create(path), create(`${path}/child`)]);
      await store.discard(path);
      expect(await store.get(path)).toBeDefined();
      await store.discard(`${path}/child`);
      await store.discard(path);
      await store.discard(path);
      expect(await store.get(path)).toBeUndefined();
    });

    it('refuses calls once it is closed, and tells that the session is over', async () => {
      const session = await all.open();
      expect(session.session).toBe('connected');
      const states: string[] = [];
      session.onSession((state) => states.push(state));
      await Promise.all([session.close(), session.close()]);
      expect(states).toEqual(['expired']);
      const closed = { name: 'StoreClosed' };
      await expect(session.get('/a')).rejects.toMatchObject(closed);
      await expect(session.commit([create(`/a/${fresh()}`)])).rejects.toMatchObject(closed);
      await expect(session.connected()).rejects.toMatchObject(closed);
    });

    it('resolves `connected` at once when it is, and heeds the signal', async () => {
      await store.connected();
      await expect(store.connected(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    });
  });
}
