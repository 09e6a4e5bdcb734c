// What every driver of a hypervisor must do, as seen through the port. Each test makes guests of its own and leaves none; what
// else the hypervisor knows is not looked at, so that a real one can be a subject too.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseDomainXml } from '../../src/domain-xml/domain-description.js';
import type { DomainSighting, Hypervisor, NodeHypervisor } from '../../workers/drivers/hypervisor.js';
import { patience } from '../lab/patience.js';

export interface Guest {
  name: string;
  uuid: string;
  /** Whether the guest has ACPI and powers off when asked by it. */
  acpi: boolean;
  /** 1 when left out. */
  vcpus?: number;
}

export interface HypervisorSubject {
  hypervisor: Hypervisor;
  /** The same, as its own node has it; where it is reached from elsewhere there is none. */
  own?: NodeHypervisor;
  /** XML of a guest that this hypervisor can run; its memory is the subject's choice. */
  domainXml(guest: Guest): string;
  /** A disk of 1 MiB that a guest may have, and how large the hypervisor believes it to be; with `resizesDisks`. */
  disk?(guest: Guest): Promise<{ xml: string; dev: string; sizeBytes(): Promise<number> }>;
  /** Defines a secret; with `keepsSecrets`. */
  defineCephSecret?: NodeHypervisor['defineCephSecret'];
  close(): Promise<void>;
}

export interface ContractOptions {
  /** False where guests power off at once whether they have ACPI or not (libvirt's test driver). Default true. */
  guestsNeedAcpi?: boolean;
  /** False where no guest has a system that could hear a request to power off. Default true. */
  guestsPowerOff?: boolean;
  /** Whether the subject has a disk to resize. Default false. */
  resizesDisks?: boolean;
  /** Whether the subject is its node's own, and asks permits. Default false. */
  asksPermits?: boolean;
  /** Whether it can define secrets. Default false. */
  keepsSecrets?: boolean;
  /** How long a guest may take until it hears a request and has powered off. */
  shutdownTimeoutMs?: number;
}

const MIB = 1024 ** 2;

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the subject has not what its options promise');
  return value;
}

/** Defines a test, or does not: what a subject cannot show is no skipped test of it. */
function testIf(applies: boolean): (name: string, work: () => Promise<void>) => void {
  return applies ? test : () => undefined;
}

/** One suite for every driver. `open` gives a hypervisor to try; it is called once. */
export function hypervisorContract(
  name: string,
  open: () => Promise<HypervisorSubject>,
  {
    guestsNeedAcpi = true,
    guestsPowerOff = true,
    resizesDisks = false,
    keepsSecrets = false,
    asksPermits = false,
    shutdownTimeoutMs = 5000,
  }: ContractOptions = {},
): void {
  describe(`hypervisor contract: ${name}`, () => {
    let subject: HypervisorSubject;
    let hypervisor: Hypervisor;
    const made: string[] = [];

    beforeAll(async () => {
      subject = await open();
      hypervisor = subject.hypervisor;
    });

    afterEach(async () => {
      const uuids = made.splice(0);
      await Promise.all(uuids.map((uuid) => hypervisor.destroy(uuid)));
      await Promise.all(uuids.map((uuid) => hypervisor.undefine(uuid)));
    });

    afterAll(() => subject.close());

    function guest(more: Partial<Guest> = {}): Guest & { xml: string } {
      const uuid = randomUUID();
      const chosen = { uuid, name: `contract-${uuid.slice(0, 8)}`, acpi: true, ...more };
      made.push(chosen.uuid);
      return { ...chosen, xml: subject.domainXml(chosen) };
    }

    async function defined(more: Partial<Guest> = {}): Promise<Guest & { xml: string }> {
      const chosen = guest(more);
      await hypervisor.define(chosen.xml);
      return chosen;
    }

    async function started(more: Partial<Guest> = {}): Promise<Guest & { xml: string }> {
      const chosen = await defined(more);
      await hypervisor.start(chosen.uuid);
      return chosen;
    }

    const sighting = (uuid: string): Promise<DomainSighting | undefined> => hypervisor.domain(uuid);
    const stateOf = async (uuid: string) => (await sighting(uuid))?.state;

    test('the host has processors, memory, an architecture and a version', async () => {
      const facts = await hypervisor.host();
      expect(facts.cpuCount).toBeGreaterThan(0);
      expect(facts.memoryTotalMib).toBeGreaterThan(0);
      expect(facts.memoryFreeMib).toBeGreaterThanOrEqual(0);
      expect(facts.memoryFreeMib).toBeLessThanOrEqual(facts.memoryTotalMib);
      expect(facts.arch).toMatch(/^\w+$/);
      expect(facts.libvirtVersion).not.toBe('');
    });

    test('a defined domain is seen, off, by itself and among all', async () => {
      const { uuid, name: guestName, xml } = await defined({ vcpus: 2 });
      const { memoryMib } = parseDomainXml(xml);
      const expected = { uuid, name: guestName, state: 'shutoff', endReason: 'unknown', memoryMib, vcpus: 2 };
      expect(await sighting(uuid)).toEqual(expected);
      expect((await hypervisor.domains()).filter((domain) => domain.uuid === uuid)).toEqual([expected]);
    });

    test('a UUID is found however it is written; one that nobody has is not', async () => {
      const { uuid } = await defined();
      expect((await sighting(uuid.toUpperCase()))?.uuid).toBe(uuid);
      expect((await sighting(uuid.replaceAll('-', '')))?.uuid).toBe(uuid);
      expect(await sighting(randomUUID())).toBeUndefined();
      await expect(sighting('no uuid')).rejects.toMatchObject({ errorClass: 'wrong_input' });
    });

    test('defining again replaces what was known', async () => {
      const { xml, ...chosen } = await defined();
      await hypervisor.define(xml);
      await hypervisor.define(subject.domainXml({ ...chosen, vcpus: 3 }));
      expect(await sighting(chosen.uuid)).toMatchObject({ state: 'shutoff', vcpus: 3 });
    });

    test('defining again does not touch a running guest until it is started anew', async () => {
      const { xml: _, ...chosen } = await started();
      await hypervisor.define(subject.domainXml({ ...chosen, vcpus: 2 }));
      expect(await sighting(chosen.uuid)).toMatchObject({ state: 'running', vcpus: 1 });
      await hypervisor.destroy(chosen.uuid);
      expect(await sighting(chosen.uuid)).toMatchObject({ state: 'shutoff', vcpus: 2 });
    });

    test.each<[string, (xml: string) => string]>([
      ['text that is no XML', () => 'domain'],
      ['XML that ends early', (xml) => xml.slice(0, xml.length / 2)],
      ['another root', () => '<network><name>n</name></network>'],
      ['no name', (xml) => xml.replace(/<name>.*<\/name>/, '')],
      ['an empty name', (xml) => xml.replace(/<name>.*<\/name>/, '<name></name>')],
      ['a name with a slash', (xml) => xml.replace(/<name>.*<\/name>/, '<name>a/b</name>')],
      ['a malformed UUID', (xml) => xml.replace(/<uuid>.*<\/uuid>/, '<uuid>123</uuid>')],
      ['no memory', (xml) => xml.replace(/<memory.*<\/memory>/, '')],
      ['an unknown unit', (xml) => xml.replace(/<memory.*<\/memory>/, "<memory unit='parsec'>64</memory>")],
      ['no operating system type', (xml) => xml.replace(/<type[^]*<\/type>/, '')],
    ])('define refuses %s', async (_, spoil) => {
      const { uuid, xml } = guest();
      const spoiled = spoil(xml);
      expect(spoiled).not.toBe(xml);
      await expect(hypervisor.define(spoiled)).rejects.toMatchObject({ errorClass: 'wrong_input' });
      expect(await sighting(uuid)).toBeUndefined();
    });

    test('a name belongs to one UUID and a UUID to one name', async () => {
      const first = await defined();
      const second = guest({ name: first.name });
      await expect(hypervisor.define(second.xml)).rejects.toMatchObject({ errorClass: 'already_exists' });
      const renamed = subject.domainXml({ ...first, name: `${first.name}-2` });
      await expect(hypervisor.define(renamed)).rejects.toMatchObject({ errorClass: 'already_exists' });
      expect(await sighting(second.uuid)).toBeUndefined();
      expect(await sighting(first.uuid)).toMatchObject({ name: first.name });
    });

    test.each(['été', '虚拟机', 'جهاز', 'two words', 'a&b', "it's"])('a domain may be called %s', async (unusual) => {
      const { uuid } = await defined({ name: unusual });
      expect(await sighting(uuid)).toMatchObject({ name: unusual });
    });

    test('start runs a guest, and once more does nothing', async () => {
      const { uuid } = await started();
      await hypervisor.start(uuid);
      const seen = await sighting(uuid);
      expect(seen).toMatchObject({ state: 'running' });
      expect(seen).not.toHaveProperty('endReason');
      await expect(hypervisor.start(randomUUID())).rejects.toMatchObject({ errorClass: 'unknown_entity' });
    });

    test('two starts at once leave one running guest', async () => {
      const { uuid } = await defined();
      await Promise.all([hypervisor.start(uuid), hypervisor.start(uuid)]);
      expect(await stateOf(uuid)).toBe('running');
    });

    test('destroy cuts the power, once or twice, of anyone', async () => {
      const { uuid } = await started();
      await hypervisor.destroy(uuid);
      await hypervisor.destroy(uuid);
      expect(await sighting(uuid)).toMatchObject({ state: 'shutoff', endReason: 'destroyed' });
      await hypervisor.destroy(randomUUID());
      await hypervisor.start(uuid);
      expect(await stateOf(uuid)).toBe('running');
    });

    testIf(guestsPowerOff)('a guest with ACPI powers off when asked', async () => {
      const { uuid } = await started({ acpi: true });
      await expect
        .poll(
          async () => {
            // A guest that is still booting does not hear it yet: it is asked until it does.
            await hypervisor.requestShutdown(uuid);
            return sighting(uuid);
          },
          { timeout: patience(shutdownTimeoutMs), interval: 200 },
        )
        .toMatchObject({ state: 'shutoff', endReason: 'shutdown' });
    });

    testIf(guestsNeedAcpi && guestsPowerOff)('a guest without ACPI does not hear it', async () => {
      const deaf = await started({ acpi: false });
      const hearing = await started({ acpi: true });
      await expect
        .poll(
          async () => {
            await hypervisor.requestShutdown(deaf.uuid);
            await hypervisor.requestShutdown(hearing.uuid);
            return stateOf(hearing.uuid);
          },
          { timeout: patience(shutdownTimeoutMs), interval: 200 },
        )
        .toBe('shutoff');
      expect(await stateOf(deaf.uuid)).toBe('running');
    });

    test('asking a guest that is off does nothing; asking nobody is an error', async () => {
      const { uuid } = await defined();
      await hypervisor.requestShutdown(uuid);
      expect(await sighting(uuid)).toMatchObject({ state: 'shutoff', endReason: 'unknown' });
      await expect(hypervisor.requestShutdown(randomUUID())).rejects.toMatchObject({ errorClass: 'unknown_entity' });
    });

    test('undefine forgets a domain that is off, once or twice, and refuses one that runs', async () => {
      const { uuid } = await started();
      await expect(hypervisor.undefine(uuid)).rejects.toMatchObject({ errorClass: 'wrong_state' });
      expect(await stateOf(uuid)).toBe('running');
      await hypervisor.destroy(uuid);
      expect(await stateOf(uuid)).toBe('shutoff');
      await hypervisor.undefine(uuid);
      await hypervisor.undefine(uuid);
      expect(await sighting(uuid)).toBeUndefined();
    });

    testIf(resizesDisks)('a running guest is told that its disk has grown, once or twice', async () => {
      const { xml, ...chosen } = guest();
      const disk = found(await subject.disk?.(chosen));
      await hypervisor.define(xml.replace('<devices>', `<devices>${disk.xml}`));
      const resize = (dev: string) => hypervisor.resizeDisk(chosen.uuid, dev, 2 * MIB);
      await expect(resize(disk.dev)).rejects.toMatchObject({ errorClass: 'wrong_state' });
      await hypervisor.start(chosen.uuid);
      await resize(disk.dev);
      await resize(disk.dev);
      expect(await disk.sizeBytes()).toBe(2 * MIB);
      await expect(resize('vdz')).rejects.toMatchObject({ errorClass: 'wrong_input' });
      await expect(hypervisor.resizeDisk(randomUUID(), disk.dev, MIB)).rejects.toMatchObject({ errorClass: 'unknown_entity' });
    });

    testIf(keepsSecrets)('a secret is kept, once or twice, and replaced', async () => {
      const define = found(subject.defineCephSecret);
      const secret = { uuid: randomUUID(), name: `contract & ${randomUUID()}`, key: 'AQD5J2ZhAAAAABAAUmFwaWQgcmFwaWQgcmFwaWQ=' };
      await define(secret);
      await define(secret);
      await define({ ...secret, key: 'AQD6J2ZhAAAAABAAUmFwaWQgcmFwaWQgcmFwaWQ=' });
      const refused = define({ ...secret, uuid: 'no uuid' });
      await expect(refused).rejects.toMatchObject({ message: expect.not.stringContaining(secret.key) });
    });

    testIf(asksPermits)('nothing is changed without a permit', async () => {
      const own = found(subject.own);
      const [off, up, strange] = [await defined(), await started(), guest()];
      const refusal = new Error('not permitted');
      let asked = 0;
      const refused = own.under(async () => {
        asked += 1;
        throw refusal;
      });
      const changes: [string, () => Promise<void>][] = [
        ['define', () => refused.define(strange.xml)],
        ['start', () => refused.start(off.uuid)],
        ['requestShutdown', () => refused.requestShutdown(up.uuid)],
        ['destroy', () => refused.destroy(up.uuid)],
        ['undefine', () => refused.undefine(off.uuid)],
        ['abortMigration', () => refused.abortMigration(up.uuid)],
        ['resizeDisk', () => refused.resizeDisk(up.uuid, 'vda', MIB)],
        ['migrate', () => refused.migrate(up.uuid, { uri: 'nowhere://', bandwidthMibPerS: 0 })],
        ['defineCephSecret', () => refused.defineCephSecret({ uuid: randomUUID(), name: 'contract', key: 'AAAA' })],
      ];
      for (const [method, change] of changes) expect([method, await change().catch((error: unknown) => error)]).toEqual([method, refusal]);
      expect(asked).toBe(changes.length);
      // Looking is free.
      expect([await stateOf(off.uuid), await stateOf(up.uuid), await sighting(strange.uuid)]).toEqual(['shutoff', 'running', undefined]);
    });

    testIf(asksPermits)('the permit of a call is asked when the one before it about the same guest has ended', async () => {
      const own = found(subject.own);
      const { uuid } = await defined();
      const other = await defined();
      const events: string[] = [];
      let permitFirst = () => {};
      const permitted = new Promise<void>((resolve) => (permitFirst = resolve));
      const first = own.under(async () => {
        events.push('first asked');
        await permitted;
      });
      const second = own.under(async () => {
        const seen = (await own.domains()).find((domain) => domain.uuid === uuid);
        events.push(`second asked while it is ${seen?.state}`);
      });
      const calls = [first.start(uuid), hypervisor.domain(uuid), second.destroy(uuid)] as const;
      await expect.poll(() => events).toEqual(['first asked']);
      // Others pass.
      await own.start(other.uuid);
      expect(events).toEqual(['first asked']);
      permitFirst();
      const [, seen] = await Promise.all(calls);
      expect([seen?.state, events]).toEqual(['running', ['first asked', 'second asked while it is running']]);
      expect(await stateOf(uuid)).toBe('shutoff');
    });

    test('many at once, each as if alone', async () => {
      const guests = Array.from({ length: 8 }, () => guest());
      await Promise.all(guests.map(({ xml }) => hypervisor.define(xml)));
      await Promise.all(guests.map(({ uuid }) => hypervisor.start(uuid)));
      const all = await hypervisor.domains();
      const states = guests.map(({ uuid }) => all.find((domain) => domain.uuid === uuid)?.state);
      expect(states).toEqual(guests.map(() => 'running'));
    });
  });
}
