// What every driver of hypervisors must do to move a running guest from one to another, as seen through the port. Each test makes
// guests of its own and leaves none on either.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Hypervisor, MigrationTarget } from '../../workers/drivers/hypervisor.js';
import type { Guest } from './hypervisor.js';

interface Side {
  hypervisor: Hypervisor;
  /** Its address, as the other one reaches it. */
  uri: string;
}

export interface MigrationSubject {
  here: Side;
  there: Side;
  /** XML of a guest that can be migrated live. */
  domainXml(guest: Guest): string;
  /** XML of one with much memory: at `slowMibPerS` its migration takes seconds, many rather than few. */
  largeXml(guest: Guest): string;
  slowMibPerS: number;
  /** XML of one that cannot be migrated live, because of the driver's own `boundBy`. */
  boundXml(guest: Guest, by: string): string;
  /** The hypervisor `here` once more, as another process has it. */
  connectHereAgain(): Promise<Hypervisor>;
  /** Makes `there` answer nobody, and again; what runs there runs on. */
  silence(is: boolean): Promise<void>;
  close(): Promise<void>;
}

interface MigrationContractOptions {
  /** Where no hypervisor is, as `here` sees it. */
  nowhereUri: string;
  /** What keeps a guest from being migrated live, by the names that the subject's `boundXml` knows. */
  boundBy: string[];
}

/** One suite for every driver. `open` gives two hypervisors to try; it is called once. */
export function migrationContract(
  name: string,
  open: () => Promise<MigrationSubject>,
  { nowhereUri, boundBy }: MigrationContractOptions,
): void {
  describe(`migration contract: ${name}`, () => {
    let subject: MigrationSubject;
    let here: Hypervisor;
    let there: Hypervisor;
    let toThere: MigrationTarget;
    let slowly: MigrationTarget;
    const made: string[] = [];

    beforeAll(async () => {
      subject = await open();
      here = subject.here.hypervisor;
      there = subject.there.hypervisor;
      toThere = { uri: subject.there.uri, bandwidthMibPerS: 0 };
      slowly = { uri: subject.there.uri, bandwidthMibPerS: subject.slowMibPerS };
    });

    afterEach(async () => {
      for (const uuid of made.splice(0)) {
        for (const hypervisor of [here, there]) {
          await hypervisor.destroy(uuid);
          await hypervisor.undefine(uuid);
        }
      }
    });

    afterAll(() => subject.close());

    function guest(more: Partial<Guest> = {}): Guest {
      const uuid = randomUUID();
      made.push(uuid);
      return { uuid, name: `moving-${uuid.slice(0, 8)}`, acpi: true, ...more };
    }

    async function runOn(hypervisor: Hypervisor, xml: string, uuid: string): Promise<string> {
      await hypervisor.define(xml);
      await hypervisor.start(uuid);
      return uuid;
    }

    async function runningHere(): Promise<string> {
      const chosen = guest();
      return await runOn(here, subject.domainXml(chosen), chosen.uuid);
    }

    async function largeRunningHere(): Promise<string> {
      const chosen = guest();
      return await runOn(here, subject.largeXml(chosen), chosen.uuid);
    }

    const classOf = async (migration: Promise<void>): Promise<unknown> =>
      await migration.then(
        () => 'moved',
        (error: { errorClass: unknown }) => error.errorClass,
      );

    async function underWay(uuid: string): Promise<void> {
      const processed = async () => (await here.migrationProgress(uuid))?.bytesProcessed ?? 0;
      await expect.poll(processed).toBeGreaterThan(0);
    }

    async function expectHereOnly(uuid: string): Promise<void> {
      expect(await here.domain(uuid)).toMatchObject({ state: 'running' });
      expect(await here.migrationProgress(uuid)).toBeUndefined();
      // The target tidies up in its own time.
      await expect.poll(() => there.domain(uuid)).toBeUndefined();
    }

    async function expectThereOnly(uuid: string): Promise<void> {
      expect(await there.domain(uuid)).toMatchObject({ state: 'running' });
      expect(await here.domain(uuid)).toBeUndefined();
    }

    test('a running guest goes there, is defined there, and comes back', async () => {
      const uuid = await runningHere();
      const before = await here.domain(uuid);
      await here.migrate(uuid, toThere);
      await expectThereOnly(uuid);
      expect(await there.domain(uuid)).toEqual(before);
      await there.migrate(uuid, { uri: subject.here.uri, bandwidthMibPerS: 0 });
      await expectHereOnly(uuid);
      await here.migrate(uuid, toThere);
      await there.destroy(uuid);
      expect(await there.domain(uuid)).toMatchObject({ state: 'shutoff', endReason: 'destroyed' });
      await there.start(uuid);
      await expectThereOnly(uuid);
    });

    test('what the target only defines under the same name and UUID is replaced', async () => {
      const chosen = guest();
      await there.define(subject.domainXml({ ...chosen, vcpus: 2 }));
      await runOn(here, subject.domainXml(chosen), chosen.uuid);
      await here.migrate(chosen.uuid, toThere);
      await expectThereOnly(chosen.uuid);
      await there.destroy(chosen.uuid);
      expect(await there.domain(chosen.uuid)).toMatchObject({ state: 'shutoff', vcpus: 1 });
    });

    test('a migration tells how far it is, and can be aborted; the guest runs on here', async () => {
      const uuid = await largeRunningHere();
      const ended = classOf(here.migrate(uuid, slowly));
      await underWay(uuid);
      const first = await here.migrationProgress(uuid);
      if (first === undefined) throw new Error('the migration is over');
      expect(first.bytesTotal).toBeGreaterThanOrEqual(first.bytesProcessed + first.bytesRemaining);
      expect(first.expectedDowntimeMs ?? 0).toBeGreaterThanOrEqual(0);
      expect(await there.migrationProgress(uuid)).toBeUndefined();
      const later = async () => await here.migrationProgress(uuid);
      await expect.poll(async () => (await later())?.bytesRemaining).toBeLessThan(first.bytesRemaining);
      expect((await later())?.bytesProcessed).toBeGreaterThanOrEqual(first.bytesProcessed);
      await here.abortMigration(uuid.toUpperCase());
      expect(await ended).toBe('environment_error');
      await here.abortMigration(uuid);
      await expectHereOnly(uuid);
      await here.migrate(uuid, toThere);
      await expectThereOnly(uuid);
    });

    test('a migration that is aborted as soon as it is asked for does not take place', async () => {
      const uuid = await largeRunningHere();
      const ended = classOf(here.migrate(uuid, slowly));
      await here.abortMigration(uuid);
      expect(await ended).toBe('environment_error');
      await expectHereOnly(uuid);
    });

    test('where none is under way there is no progress, and nothing to abort', async () => {
      const uuid = await runningHere();
      for (const anyone of [uuid, randomUUID()]) {
        expect(await here.migrationProgress(anyone)).toBeUndefined();
        await here.abortMigration(anyone);
      }
      await expectHereOnly(uuid);
    });

    test('who asks while a migration is under way waits for it: it succeeds for both', async () => {
      const uuid = await largeRunningHere();
      const again = await subject.connectHereAgain();
      const first = classOf(here.migrate(uuid, slowly));
      await underWay(uuid);
      const others = [classOf(here.migrate(uuid, toThere)), classOf(again.migrate(uuid, toThere))];
      expect(await Promise.all([first, ...others])).toEqual(['moved', 'moved', 'moved']);
      await again.close();
      await expectThereOnly(uuid);
    });

    test('who asks while a migration is under way waits for it: it fails for both', async () => {
      const uuid = await largeRunningHere();
      const again = await subject.connectHereAgain();
      const first = classOf(here.migrate(uuid, slowly));
      await underWay(uuid);
      const others = [classOf(here.migrate(uuid, toThere)), classOf(again.migrate(uuid, toThere))];
      await again.abortMigration(uuid);
      expect(await Promise.all([first, ...others])).toEqual(['environment_error', 'environment_error', 'environment_error']);
      await again.close();
      await expectHereOnly(uuid);
    });

    test('a migration outlives who asked for it', async () => {
      const uuid = await largeRunningHere();
      const mortal = await subject.connectHereAgain();
      const asked = classOf(mortal.migrate(uuid, slowly));
      await underWay(uuid);
      await mortal.close();
      expect(await asked).toBe('environment_error');
      expect(await here.migrationProgress(uuid)).toBeDefined();
      await here.migrate(uuid, toThere);
      await expectThereOnly(uuid);
    });

    test('several at once, each as if alone', async () => {
      const uuids = [await runningHere(), await runningHere(), await runningHere()];
      await Promise.all(uuids.map((uuid) => here.migrate(uuid, toThere)));
      for (const uuid of uuids) await expectThereOnly(uuid);
    });

    test('a guest that does not run here is not found', async () => {
      const off = guest();
      await here.define(subject.domainXml(off));
      for (const uuid of [off.uuid, randomUUID()]) expect(await classOf(here.migrate(uuid, toThere))).toBe('unknown_entity');
      const moved = await runningHere();
      await here.migrate(moved, toThere);
      expect(await classOf(here.migrate(moved, toThere))).toBe('unknown_entity');
      await expectThereOnly(moved);
      expect(await here.domain(off.uuid)).toMatchObject({ state: 'shutoff' });
    });

    test.each(boundBy)('a guest with %s cannot be migrated live, and runs on untouched', async (by) => {
      const chosen = guest();
      const uuid = await runOn(here, subject.boundXml(chosen, by), chosen.uuid);
      expect(await classOf(here.migrate(uuid, toThere))).toBe('wrong_state');
      await expectHereOnly(uuid);
    });

    test('a target that is not there, or is the guest’s own hypervisor, leaves the guest untouched', async () => {
      const uuid = await runningHere();
      for (const uri of [nowhereUri, subject.here.uri]) {
        expect(await classOf(here.migrate(uuid, { uri, bandwidthMibPerS: 0 }))).toBe('environment_error');
        await expectHereOnly(uuid);
      }
    });

    test('a target that dies in the middle leaves the guest running here', async () => {
      const uuid = await largeRunningHere();
      const ended = classOf(here.migrate(uuid, slowly));
      await underWay(uuid);
      await subject.silence(true);
      expect(await ended).toBe('environment_error');
      await subject.silence(false);
      await expectHereOnly(uuid);
      await here.migrate(uuid, toThere);
      await expectThereOnly(uuid);
    });

    test('a name or a UUID that the target has given already stays there, and the guest here', async () => {
      const uuid = await runningHere();
      const guestName = (await here.domain(uuid))?.name ?? '';
      const namesake = guest({ name: guestName });
      await there.define(subject.domainXml(namesake));
      expect(await classOf(here.migrate(uuid, toThere))).toBe('already_exists');
      await runOn(there, subject.domainXml(namesake), namesake.uuid);
      expect(await classOf(here.migrate(uuid, toThere))).toBe('already_exists');
      await there.destroy(namesake.uuid);
      await there.undefine(namesake.uuid);
      await there.define(subject.domainXml({ uuid, name: `${guestName}-2`, acpi: true }));
      expect(await classOf(here.migrate(uuid, toThere))).toBe('already_exists');
      await there.undefine(uuid);
      await expectHereOnly(uuid);
    });

    test('a guest that runs at both ends already is not moved', async () => {
      const chosen = guest();
      const xml = subject.domainXml(chosen);
      const uuid = await runOn(here, xml, chosen.uuid);
      await runOn(there, xml, chosen.uuid);
      expect(await classOf(here.migrate(uuid, toThere))).toBe('already_exists');
      expect(await here.domain(uuid)).toMatchObject({ state: 'running' });
      expect(await there.domain(uuid)).toMatchObject({ state: 'running' });
    });

    test('a guest whose power is cut on its way is nowhere', async () => {
      const uuid = await largeRunningHere();
      const ended = classOf(here.migrate(uuid, slowly));
      await underWay(uuid);
      await here.destroy(uuid);
      expect(await ended).toBe('unknown_entity');
      expect(await here.domain(uuid)).toMatchObject({ state: 'shutoff', endReason: 'destroyed' });
      await expect.poll(() => there.domain(uuid)).toBeUndefined();
    });

    test('a UUID that is none is refused', async () => {
      const calls = [() => here.migrate('no uuid', toThere), () => here.migrationProgress('no uuid'), () => here.abortMigration('no uuid')];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ errorClass: 'wrong_input' });
    });
  });
}
