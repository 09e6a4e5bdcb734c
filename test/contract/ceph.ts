// What every Ceph must do, as seen through the port. The suite works in a pool of its own and leaves nothing; what else the cluster has
// is not looked at, so that a real one can be a subject too.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CEPH_CHANGES, type Ceph, type OpenCeph, type SnapshotName, type VolumeName } from '../../workers/drivers/ceph.js';

export interface CephSubject {
  open: OpenCeph;
  /** Opens a volume as a guest does; the client goes away when it is called. */
  watch(name: VolumeName): Promise<() => Promise<void>>;
  protect(name: SnapshotName): Promise<void>;
  unprotect(name: SnapshotName): Promise<void>;
  close(): Promise<void>;
}

const MIB = 1024 ** 2;
const refused = (errorClass: string) => ({ errorClass });

/** One suite for every driver. `subjectFor` is called once. */
export function cephContract(name: string, subjectFor: () => Promise<CephSubject>): void {
  describe(`ceph contract: ${name}`, () => {
    let subject: CephSubject;
    let ceph: Ceph;
    const pool = `contract-${randomUUID().slice(0, 8)}`;

    beforeAll(async () => {
      subject = await subjectFor();
      ceph = subject.open();
      await ceph.createPool({ name: pool, pgs: 8, copies: 2, minCopies: 1 });
    });

    afterAll(async () => {
      await ceph.removePool(pool);
      await subject.close();
    });

    const newName = (): VolumeName => ({ pool, volume: `v-${randomUUID().slice(0, 8)}` });
    async function newVolume(sizeMib = 8): Promise<VolumeName> {
      const made = newName();
      await ceph.createVolume(made, sizeMib * MIB);
      return made;
    }
    async function newSnapshot(of: VolumeName): Promise<SnapshotName> {
      const made = { ...of, snapshot: `s-${randomUUID().slice(0, 8)}` };
      await ceph.createSnapshot(made);
      return made;
    }
    const sizeMib = async (of: VolumeName) => ((await ceph.volume(of))?.sizeBytes ?? NaN) / MIB;
    const snapshotNames = async (of: VolumeName) => (await ceph.snapshots(of)).map(({ snapshot }) => snapshot);
    const noSuchPool = { pool: `none-${randomUUID().slice(0, 8)}`, volume: 'v' };

    describe('the cluster', () => {
      test('reports its status and how full it is, as text and as data', async () => {
        const { status, df, flags, osds, pools } = await ceph.survey();
        expect([flags, osds.map(({ id }) => id)]).toEqual([await ceph.flags(), (await ceph.osds()).map(({ id }) => id)]);
        expect(pools.map((seen) => seen.name)).toContain(pool);
        expect(status.text).toContain('health');
        expect(status.data).toMatchObject({ health: { status: expect.stringMatching(/^HEALTH_/) }, fsid: expect.any(String) });
        expect(df.text).toContain(pool);
        expect(df.data).toMatchObject({ stats: { total_bytes: expect.any(Number) } });
      });

      test('has flags that can be set and unset, once or twice', async () => {
        await ceph.setFlag('nodeep-scrub', true);
        await ceph.setFlag('nodeep-scrub', true);
        expect(await ceph.flags()).toContain('nodeep-scrub');
        await ceph.setFlag('nodeep-scrub', false);
        await ceph.setFlag('nodeep-scrub', false);
        expect(await ceph.flags()).not.toContain('nodeep-scrub');
      });

      test.each(['nosuchflag', '--help', ''])('knows no flag %j', async (flag) => {
        await expect(ceph.setFlag(flag, true)).rejects.toMatchObject(refused('wrong_input'));
      });

      test('lists its OSDs in order', async () => {
        const osds = await ceph.osds();
        expect(osds.length).toBeGreaterThan(0);
        expect(osds.map(({ id }) => id)).toEqual(osds.map(({ id }) => id).toSorted((one, other) => one - other));
        for (const osd of osds) {
          expect(osd).toMatchObject({ fsid: expect.stringMatching(/^[0-9a-f-]{36}$/), state: expect.arrayContaining(['exists']) });
          expect(osd.sizeBytes).toBeGreaterThanOrEqual(osd.usedBytes);
        }
      });

      test('has no OSD 9999', async () => {
        for (const call of [ceph.osdIn, ceph.osdOut, ceph.osdDrain, (id: number) => ceph.setOsdWeight(id, 1)]) {
          await expect(call(9999)).rejects.toMatchObject(refused('unknown_entity'));
        }
        await ceph.purgeOsd(9999);
      });

      test('weighs an OSD, once or twice', async () => {
        const [{ id, crushWeight } = { id: NaN, crushWeight: NaN }] = await ceph.osds();
        const weightOf = async () => (await ceph.osds()).find((osd) => osd.id === id)?.crushWeight;
        await ceph.setOsdWeight(id, crushWeight * 2);
        await ceph.setOsdWeight(id, crushWeight * 2);
        expect(await weightOf()).toBeCloseTo(crushWeight * 2, 3);
        await ceph.setOsdWeight(id, crushWeight);
        expect(await weightOf()).toBeCloseTo(crushWeight, 3);
      });

      test('refuses to forget an OSD that is up', async () => {
        const up = (await ceph.osds()).find((osd) => osd.up);
        await expect(ceph.purgeOsd(up?.id ?? NaN)).rejects.toMatchObject(refused('wrong_state'));
      });
    });

    test('nothing is changed without a permit', async () => {
      const [kept, other] = [await newVolume(), await newVolume()];
      const snapshot = await newSnapshot(kept);
      const [{ id } = { id: NaN }] = await ceph.osds();
      const refusal = new Error('not permitted');
      let asked = 0;
      const permit = async () => {
        asked += 1;
        throw refusal;
      };
      const refusing = subject.open({ permit });
      const all = async () => [await ceph.flags(), await ceph.volumes(pool), await ceph.volume(kept), await ceph.snapshots(kept)];
      const before = await all();
      const changes: Record<string, () => Promise<unknown>> = {
        setFlag: () => refusing.setFlag('nodeep-scrub', true),
        osdIn: () => refusing.osdIn(id),
        osdOut: () => refusing.osdOut(id),
        setOsdWeight: () => refusing.setOsdWeight(id, 0),
        purgeOsd: () => refusing.purgeOsd(9999),
        createPool: () => refusing.createPool({ name: `${pool}-2`, pgs: 4, copies: 2, minCopies: 1 }),
        removePool: () => refusing.removePool(pool),
        createVolume: () => refusing.createVolume(newName(), MIB),
        resizeVolume: () => refusing.resizeVolume(kept, MIB, { allowShrink: true }),
        renameVolume: () => refusing.renameVolume(kept, newName().volume),
        copyVolume: () => refusing.copyVolume(kept, newName()),
        removeVolume: () => refusing.removeVolume(other),
        createSnapshot: () => refusing.createSnapshot({ ...kept, snapshot: 'another' }),
        renameSnapshot: () => refusing.renameSnapshot(snapshot, 'another'),
        removeSnapshot: () => refusing.removeSnapshot(snapshot),
        rollbackVolume: () => refusing.rollbackVolume(snapshot),
      };
      const changing = Object.entries(CEPH_CHANGES).flatMap(([method, does]) => (does ? [method] : []));
      expect(Object.keys(changes).toSorted()).toEqual(changing.toSorted());
      for (const [method, change] of Object.entries(changes)) {
        expect([method, await change().catch((error: unknown) => error)]).toEqual([method, refusal]);
      }
      expect(asked).toBe(changing.length);
      expect(await all()).toEqual(before);
    });

    describe('pools', () => {
      test('are made as they were asked for, and are gone when removed, once or twice', async () => {
        const made = { name: `pool-${randomUUID().slice(0, 8)}`, pgs: 4, copies: 3, minCopies: 2 };
        await ceph.createPool(made);
        const found = async () => (await ceph.pools()).find((seen) => seen.name === made.name);
        expect(await found()).toMatchObject({ ...made, applications: ['rbd'], objects: 0 });
        // How much fits into it is known a moment later.
        await expect.poll(async () => (await found())?.freeBytes).toBeGreaterThan(0);
        await expect(ceph.createPool(made)).rejects.toMatchObject(refused('already_exists'));
        await expect(ceph.createPool({ ...made, copies: 2 })).rejects.toMatchObject(refused('already_exists'));
        await ceph.createVolume({ pool: made.name, volume: 'v' }, MIB);
        await ceph.removePool(made.name);
        await ceph.removePool(made.name);
        expect((await ceph.pools()).map((seen) => seen.name)).not.toContain(made.name);
      });

      test.each([
        ['more needed copies than copies', { copies: 2, minCopies: 3 }, 'wrong_input'],
        ['more copies than Ceph can keep', { copies: 99, minCopies: 1 }, 'wrong_input'],
        ['more placement groups than the OSDs may have', { pgs: 32_768 }, 'insufficient_resources'],
        ['a name that is an option', { name: '--size' }, 'wrong_input'],
        ['a name with a slash', { name: 'a/b' }, 'wrong_input'],
      ])('are not made with %s', async (_, wrong, errorClass) => {
        const wish = { name: `pool-${randomUUID().slice(0, 8)}`, pgs: 4, copies: 2, minCopies: 1, ...wrong };
        await expect(ceph.createPool(wish)).rejects.toMatchObject(refused(errorClass));
        expect((await ceph.pools()).map((seen) => seen.name)).not.toContain(wish.name);
      });
    });

    describe('volumes', () => {
      test('are seen with their size, by themselves and among all', async () => {
        const made = await newVolume(10);
        expect(await ceph.volume(made)).toMatchObject({ ...made, sizeBytes: 10 * MIB, snapshotCount: 0, format: 2, objects: 3 });
        expect(await ceph.volumes(pool)).toContainEqual(made);
        expect(await ceph.volume(newName())).toBeUndefined();
      });

      test('have an ID of their own, also under a name that was had before', async () => {
        const made = await newVolume();
        const first = (await ceph.volume(made))?.id;
        await ceph.removeVolume(made);
        await ceph.createVolume(made, MIB);
        expect((await ceph.volume(made))?.id).not.toBe(first);
      });

      test('may be larger than the cluster, and of any number of bytes', async () => {
        const large = newName();
        await ceph.createVolume(large, 100 * 1024 ** 4);
        expect(await sizeMib(large)).toBe(100 * 1024 ** 2);
        const odd = newName();
        await ceph.createVolume(odd, 1_000_001);
        expect((await ceph.volume(odd))?.sizeBytes).toBe(1_000_001);
      });

      test('of one name there is one', async () => {
        const made = await newVolume();
        await expect(ceph.createVolume(made, 8 * MIB)).rejects.toMatchObject(refused('already_exists'));
        await expect(ceph.createVolume(made, 9 * MIB)).rejects.toMatchObject(refused('already_exists'));
        expect(await sizeMib(made)).toBe(8);
      });

      test('are in a pool that exists', async () => {
        const calls = [
          () => ceph.volumes(noSuchPool.pool),
          () => ceph.volume(noSuchPool),
          () => ceph.createVolume(noSuchPool, MIB),
          () => ceph.removeVolume(noSuchPool),
          () => ceph.watchers(noSuchPool),
        ];
        for (const call of calls) await expect(call()).rejects.toMatchObject(refused('unknown_entity'));
      });

      test.each(['a/b', 'a@b', '-a', ''])('are not called %j', async (volume) => {
        await expect(ceph.createVolume({ pool, volume }, MIB)).rejects.toMatchObject(refused('wrong_input'));
        await expect(ceph.removeVolume({ pool, volume })).rejects.toMatchObject(refused('wrong_input'));
      });

      test('grow, and shrink only when that is meant', async () => {
        const made = await newVolume(8);
        await ceph.resizeVolume(made, 16 * MIB);
        await ceph.resizeVolume(made, 16 * MIB);
        expect(await sizeMib(made)).toBe(16);
        await expect(ceph.resizeVolume(made, 4 * MIB)).rejects.toMatchObject(refused('wrong_input'));
        expect(await sizeMib(made)).toBe(16);
        await ceph.resizeVolume(made, 4 * MIB, { allowShrink: true });
        expect(await sizeMib(made)).toBe(4);
        await expect(ceph.resizeVolume(newName(), MIB)).rejects.toMatchObject(refused('unknown_entity'));
      });

      test('are renamed, once or twice', async () => {
        const made = await newVolume();
        const { volume: wanted } = newName();
        const id = (await ceph.volume(made))?.id;
        await ceph.renameVolume(made, wanted);
        await ceph.renameVolume(made, wanted);
        expect(await ceph.volume(made)).toBeUndefined();
        expect((await ceph.volume({ pool, volume: wanted }))?.id).toBe(id);
        const other = await newVolume();
        await expect(ceph.renameVolume(other, wanted)).rejects.toMatchObject(refused('already_exists'));
        await expect(ceph.renameVolume(newName(), newName().volume)).rejects.toMatchObject(refused('unknown_entity'));
      });

      test('are copied in full, and their snapshots too', async () => {
        const source = await newVolume(8);
        const taken = await newSnapshot(source);
        await ceph.resizeVolume(source, 16 * MIB);
        const [now, then] = [newName(), newName()];
        const heard: number[] = [];
        await subject.open({ onProgress: (fraction) => heard.push(fraction) }).copyVolume(source, now);
        await ceph.copyVolume(taken, then);
        expect(await sizeMib(now)).toBe(16);
        expect(await sizeMib(then)).toBe(8);
        expect(await ceph.snapshots(now)).toEqual([]);
        expect(heard.at(-1)).toBe(1);
        expect(await ceph.volumes(pool)).toEqual(
          expect.arrayContaining([now, source, then].toSorted((a, b) => (a.volume < b.volume ? -1 : 1))),
        );
        await ceph.removeSnapshot(taken);
        await ceph.removeVolume(source);
        expect(await sizeMib(then)).toBe(8);
      });

      test('are not copied onto another, or from or to nowhere', async () => {
        const [source, other] = [await newVolume(), await newVolume()];
        await expect(ceph.copyVolume(source, other)).rejects.toMatchObject(refused('already_exists'));
        await expect(ceph.copyVolume(newName(), newName())).rejects.toMatchObject(refused('unknown_entity'));
        await expect(ceph.copyVolume({ ...source, snapshot: 'none' }, newName())).rejects.toMatchObject(refused('unknown_entity'));
        await expect(ceph.copyVolume(source, noSuchPool)).rejects.toMatchObject(refused('unknown_entity'));
      });

      test('are removed, once or twice', async () => {
        const made = await newVolume();
        await ceph.removeVolume(made);
        await ceph.removeVolume(made);
        expect(await ceph.volume(made)).toBeUndefined();
        expect(await ceph.volumes(pool)).not.toContainEqual(made);
      });

      test('are not removed while they have snapshots', async () => {
        const made = await newVolume();
        const taken = await newSnapshot(made);
        await expect(ceph.removeVolume(made)).rejects.toMatchObject(refused('wrong_state'));
        expect(await snapshotNames(made)).toEqual([taken.snapshot]);
        await ceph.removeSnapshot(taken);
        await ceph.removeVolume(made);
      });

      test('tell who has them open, and then are neither removed nor rolled back', async () => {
        const made = await newVolume();
        const taken = await newSnapshot(made);
        const idle = await newVolume();
        expect(await ceph.watchers(made)).toEqual([]);
        const leave = await subject.watch(made);
        const leaveIdle = await subject.watch(idle);
        expect(await ceph.watchers(made)).toEqual([
          { address: expect.stringMatching(/./), client: expect.any(Number), cookie: expect.stringMatching(/./) },
        ]);
        await expect(ceph.removeVolume(idle)).rejects.toMatchObject(refused('wrong_state'));
        await expect(ceph.rollbackVolume(taken)).rejects.toMatchObject(refused('wrong_state'));
        await ceph.resizeVolume(made, 32 * MIB);
        await Promise.all([leave(), leaveIdle()]);
        await expect.poll(() => ceph.watchers(made)).toEqual([]);
        await ceph.rollbackVolume(taken);
        expect(await sizeMib(made)).toBe(8);
        await expect(ceph.watchers(newName())).rejects.toMatchObject(refused('unknown_entity'));
      });
    });

    describe('snapshots', () => {
      test('are seen in order, with the size of then', async () => {
        const made = await newVolume(8);
        const first = await newSnapshot(made);
        await ceph.resizeVolume(made, 16 * MIB);
        const second = await newSnapshot(made);
        expect(await ceph.snapshots(made)).toMatchObject([
          { ...first, sizeBytes: 8 * MIB, protected: false },
          { ...second, sizeBytes: 16 * MIB, protected: false },
        ]);
        expect(await ceph.volume(made)).toMatchObject({ snapshotCount: 2 });
      });

      test('of one name there is one, and none without a volume', async () => {
        const taken = await newSnapshot(await newVolume());
        await expect(ceph.createSnapshot(taken)).rejects.toMatchObject(refused('already_exists'));
        await expect(ceph.createSnapshot({ ...newName(), snapshot: 's' })).rejects.toMatchObject(refused('unknown_entity'));
        await expect(ceph.snapshots(newName())).rejects.toMatchObject(refused('unknown_entity'));
      });

      test('are renamed, once or twice', async () => {
        const made = await newVolume();
        const [taken, other] = [await newSnapshot(made), await newSnapshot(made)];
        await ceph.renameSnapshot(taken, 'renamed');
        await ceph.renameSnapshot(taken, 'renamed');
        expect(await snapshotNames(made)).toEqual(['renamed', other.snapshot]);
        await expect(ceph.renameSnapshot(other, 'renamed')).rejects.toMatchObject(refused('already_exists'));
        await expect(ceph.renameSnapshot(taken, 'third')).rejects.toMatchObject(refused('unknown_entity'));
        await expect(ceph.renameSnapshot({ ...newName(), snapshot: 's' }, 't')).rejects.toMatchObject(refused('unknown_entity'));
      });

      test('are removed, once or twice, unless they are protected', async () => {
        const taken = await newSnapshot(await newVolume());
        await subject.protect(taken);
        expect(await ceph.snapshots(taken)).toMatchObject([{ protected: true }]);
        await expect(ceph.removeSnapshot(taken)).rejects.toMatchObject(refused('wrong_state'));
        await subject.unprotect(taken);
        await ceph.removeSnapshot(taken);
        await ceph.removeSnapshot(taken);
        expect(await ceph.snapshots(taken)).toEqual([]);
        await ceph.removeSnapshot({ ...newName(), snapshot: 's' });
      });

      test('are rolled back to, as often as one likes', async () => {
        const made = await newVolume(8);
        const taken = await newSnapshot(made);
        await ceph.resizeVolume(made, 16 * MIB);
        await ceph.rollbackVolume(taken);
        await ceph.rollbackVolume(taken);
        expect(await sizeMib(made)).toBe(8);
        await expect(ceph.rollbackVolume({ ...made, snapshot: 'none' })).rejects.toMatchObject(refused('unknown_entity'));
        await expect(ceph.rollbackVolume({ ...newName(), snapshot: 's' })).rejects.toMatchObject(refused('unknown_entity'));
      });
    });

    test('what is aborted is not begun, and says why', async () => {
      const reason = new Error('the job was cancelled');
      const made = newName();
      await expect(subject.open({ signal: AbortSignal.abort(reason) }).createVolume(made, MIB)).rejects.toBe(reason);
      expect(await ceph.volume(made)).toBeUndefined();
    });

    test('many at once, each as if alone', async () => {
      const names = Array.from({ length: 8 }, newName);
      await Promise.all(names.map((each) => ceph.createVolume(each, MIB)));
      const volumes = await ceph.volumes(pool);
      for (const each of names) expect(volumes).toContainEqual(each);
      await Promise.all(names.map((each) => ceph.removeVolume(each)));
    });
  });
}
