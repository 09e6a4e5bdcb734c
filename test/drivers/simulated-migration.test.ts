// What migrations in the simulated world do beyond the contract: nodes that fail in the middle, room that is lacking, ordered failures,
// and a process that is killed at any moment.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { openSimulatedWorld, type SimulatedWorld, type WorldOptions } from '../../workers/drivers/simulated/simulated-world.js';
import { plainDomainXml } from './plain-domain-xml.js';

const MEMORY_MIB = 64;
const NODES = ['hv1', 'hv2'].map((name) => ({ name, cpuCount: 4, memoryMib: 4 * MEMORY_MIB }));
const TO_HV2 = { uri: 'simulated://hv2', bandwidthMibPerS: 0 };
/** So that a migration lasts until the test ends it. */
const ENDLESS = { ...TO_HV2, bandwidthMibPerS: 0.01 };

const worlds: SimulatedWorld[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((one) => one.close()));
  await Promise.all(folders.splice(0).map((made) => rm(made, { recursive: true })));
});

async function world(options: Partial<WorldOptions> = {}): Promise<SimulatedWorld> {
  const opened = await openSimulatedWorld({ nodes: NODES, ...options });
  worlds.push(opened);
  return opened;
}

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'simulated-world-'));
  folders.push(made);
  return made;
}

async function guestOn(node: string, on: SimulatedWorld): Promise<string> {
  const uuid = randomUUID();
  const hypervisor = await on.hypervisors.on(node);
  await hypervisor.define(plainDomainXml('kvm', { uuid, name: `guest-${uuid}`, acpi: true }, { memoryMib: MEMORY_MIB }));
  await hypervisor.start(uuid);
  return uuid;
}

const classOf = async (migration: Promise<void>): Promise<string> =>
  await migration.then(
    () => 'moved',
    (error: { errorClass: string }) => error.errorClass,
  );

/** The guest on its way from hv1, and how that ends. */
async function leaving(uuid: string, all: SimulatedWorld): Promise<{ end: Promise<string> }> {
  const hv1 = await all.hypervisors.on('hv1');
  const end = classOf(hv1.migrate(uuid, ENDLESS));
  await expect.poll(() => hv1.migrationProgress(uuid)).toBeDefined();
  return { end };
}

/** Where the guest is known, and whether it runs there. */
function placesOf(uuid: string, all: SimulatedWorld): Record<string, boolean> {
  const found = Object.entries(all.snapshot()).flatMap(([node, domains]) => {
    const domain = domains.find((one) => one.uuid === uuid);
    return domain === undefined ? [] : [[node, domain.running !== null] as const];
  });
  return Object.fromEntries(found);
}

test.each(['hv1', 'hv2'])('when %s is cut off in the middle, the guest stays where it is', async (node) => {
  const all = await world();
  const uuid = await guestOn('hv1', all);
  const { end } = await leaving(uuid, all);
  all.node(node).unreachable(true);
  expect(await end).toBe('environment_error');
  all.node(node).unreachable(false);
  expect(placesOf(uuid, all)).toEqual({ hv1: true });
});

test.each([
  ['source', 'hv1', false],
  ['target', 'hv2', true],
] as const)('when the %s is switched off in the middle, the guest fares as that node', async (_, node, runs) => {
  const all = await world();
  const uuid = await guestOn('hv1', all);
  const { end } = await leaving(uuid, all);
  await all.node(node).power(false);
  expect(await end).toBe('environment_error');
  await all.node(node).power(true);
  expect(placesOf(uuid, all)).toEqual({ hv1: runs });
});

test('a target that is switched off or cut off takes no guest', async () => {
  const all = await world();
  const uuid = await guestOn('hv1', all);
  const hv1 = await all.hypervisors.on('hv1');
  await all.node('hv2').power(false);
  expect(await classOf(hv1.migrate(uuid, TO_HV2))).toBe('environment_error');
  await all.node('hv2').power(true);
  all.node('hv2').unreachable(true);
  expect(await classOf(hv1.migrate(uuid, TO_HV2))).toBe('environment_error');
  expect(placesOf(uuid, all)).toEqual({ hv1: true });
});

test('a target without room takes no guest', async () => {
  const all = await world();
  for (let guest = 0; guest < 4; guest += 1) await guestOn('hv2', all);
  const uuid = await guestOn('hv1', all);
  expect(await classOf((await all.hypervisors.on('hv1')).migrate(uuid, TO_HV2))).toBe('environment_error');
  expect(placesOf(uuid, all)).toEqual({ hv1: true });
});

test('of two guests on their way to the last room, one arrives', async () => {
  const all = await world({ migrationMibPerS: 10 * MEMORY_MIB });
  for (let guest = 0; guest < 3; guest += 1) await guestOn('hv2', all);
  const hv1 = await all.hypervisors.on('hv1');
  const uuids = [await guestOn('hv1', all), await guestOn('hv1', all)];
  const ends = await Promise.all(uuids.map((uuid) => classOf(hv1.migrate(uuid, TO_HV2))));
  expect(ends.toSorted()).toEqual(['environment_error', 'moved']);
  const places = uuids.map((uuid) => Object.keys(placesOf(uuid, all)).join());
  expect(places.toSorted()).toEqual(['hv1', 'hv2']);
});

test('two guests that change places at once both arrive', async () => {
  const all = await world();
  const [one, other] = [await guestOn('hv1', all), await guestOn('hv2', all)];
  const [hv1, hv2] = [await all.hypervisors.on('hv1'), await all.hypervisors.on('hv2')];
  await Promise.all([hv1.migrate(one, TO_HV2), hv2.migrate(other, { uri: 'simulated://hv1', bandwidthMibPerS: 0 })]);
  expect([placesOf(one, all), placesOf(other, all)]).toEqual([{ hv2: true }, { hv1: true }]);
});

test('a guest that powers off on its way, or after it, does so', async () => {
  const all = await world({ shutdownDelayMs: 200 });
  const [hv1, hv2] = [await all.hypervisors.on('hv1'), await all.hypervisors.on('hv2')];
  const [early, late] = [await guestOn('hv1', all), await guestOn('hv1', all)];
  await Promise.all([hv1.requestShutdown(early), hv1.requestShutdown(late)]);
  const end = classOf(hv1.migrate(early, ENDLESS));
  await hv1.migrate(late, TO_HV2);
  expect(await end).toBe('unknown_entity');
  expect(await hv1.domain(early)).toMatchObject({ state: 'shutoff', endReason: 'shutdown' });
  await expect.poll(() => hv2.domain(late)).toMatchObject({ state: 'shutoff', endReason: 'shutdown' });
});

test('an ordered failure comes before the guest has moved, or after it', async () => {
  const all = await world();
  const hv1 = await all.hypervisors.on('hv1');
  const uuid = await guestOn('hv1', all);
  const broken = new ClassifiedError('environment_error', 'broken');
  all.failNext('migrate', broken);
  await expect(hv1.migrate(uuid, TO_HV2)).rejects.toBe(broken);
  expect(placesOf(uuid, all)).toEqual({ hv1: true });
  all.failNext('migrate', broken, 'after');
  await expect(hv1.migrate(uuid, TO_HV2)).rejects.toBe(broken);
  expect(placesOf(uuid, all)).toEqual({ hv2: true });
});

test('in a folder: what has moved has moved, and what was on its way has not', async () => {
  const directory = await folder();
  const first = await world({ directory });
  const hv1 = await first.hypervisors.on('hv1');
  const [moved, moving] = [await guestOn('hv1', first), await guestOn('hv1', first)];
  await hv1.migrate(moved, TO_HV2);
  const end = classOf(hv1.migrate(moving, ENDLESS));
  await first.close();
  expect(await end).toBe('environment_error');
  const again = await world({ directory });
  expect([placesOf(moved, again), placesOf(moving, again)]).toEqual([{ hv2: true }, { hv1: true }]);
  expect(await (await again.hypervisors.on('hv1')).migrationProgress(moving)).toBeUndefined();
});

test('a process that is killed while guests move leaves each in one place, and running', async () => {
  const directory = await folder();
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'world-mover.ts'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('no output');
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (said.length === 100) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  const again = await world({ directory, nodes: NODES.map((node) => ({ ...node, memoryMib: 1e6 })) });
  const guests = Object.values(again.snapshot()).flat();
  expect(new Set(guests.map(({ uuid }) => uuid)).size).toBe(8);
  for (const { uuid } of guests) expect(Object.values(placesOf(uuid, again))).toEqual([true]);
});
