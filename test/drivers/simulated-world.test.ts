// What the simulated world does beyond the contract of hypervisors: memory that runs out, guests that end by themselves, nodes that do
// not answer, ordered failures, and a folder that outlives a killed process.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { openSimulatedWorld, type SimulatedWorld, type WorldOptions } from '../../workers/drivers/simulated/simulated-world.js';
import { plainDomainXml } from './plain-domain-xml.js';

const NODES = [
  { name: 'hv1', cpuCount: 4, memoryMib: 256 },
  { name: 'hv2', cpuCount: 4, memoryMib: 256 },
];

const worlds: SimulatedWorld[] = [];
const folders: string[] = [];

async function world(options: Partial<WorldOptions> = {}): Promise<SimulatedWorld> {
  const opened = await openSimulatedWorld({ nodes: NODES, ...options });
  worlds.push(opened);
  return opened;
}

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'simulated-world-'));
  folders.push(directory);
  return directory;
}

/** A guest of 64 MiB on a node; its UUID. */
async function guestOn(node: string, on: SimulatedWorld, running = true): Promise<string> {
  const uuid = randomUUID();
  const hypervisor = await on.hypervisors.on(node);
  await hypervisor.define(plainDomainXml('kvm', { uuid, name: `guest-${uuid.slice(0, 8)}`, acpi: true }));
  if (running) await hypervisor.start(uuid);
  return uuid;
}

afterEach(async () => {
  for (const opened of worlds.splice(0)) await opened.close();
  for (const directory of folders.splice(0)) await rm(directory, { recursive: true });
});

describe('a simulated world', () => {
  test('a node that nobody has is unknown', async () => {
    const { hypervisors, node } = await world();
    await expect(hypervisors.on('hv3')).rejects.toMatchObject({ errorClass: 'unknown_entity' });
    expect(() => node('hv3')).toThrow(ClassifiedError);
  });

  test('a guest starts only while its memory is free', async () => {
    const all = await world();
    const hv1 = await all.hypervisors.on('hv1');
    const guests = [];
    for (let count = 0; count < 4; count += 1) guests.push(await guestOn('hv1', all));
    expect(await hv1.host()).toMatchObject({ memoryTotalMib: 256, memoryFreeMib: 0 });
    const fifth = await guestOn('hv1', all, false);
    await expect(hv1.start(fifth)).rejects.toMatchObject({ errorClass: 'insufficient_resources' });
    expect(await hv1.domain(fifth)).toMatchObject({ state: 'shutoff', endReason: 'failed' });
    await hv1.destroy(guests[0] ?? '');
    await hv1.start(fifth);
    expect(await hv1.domain(fifth)).toMatchObject({ state: 'running' });
  });

  test('nodes know their own domains only', async () => {
    const all = await world();
    const uuid = await guestOn('hv1', all);
    const hv2 = await all.hypervisors.on('hv2');
    expect(await hv2.domain(uuid)).toBeUndefined();
    expect(await hv2.domains()).toEqual([]);
  });

  test.each([
    ['powerOff', 'shutdown'],
    ['crash', 'crashed'],
  ] as const)('%s ends a running guest, and leaves one that is off as it is', async (how, endReason) => {
    const all = await world();
    const hv1 = await all.hypervisors.on('hv1');
    const uuid = await guestOn('hv1', all);
    const off = await guestOn('hv1', all, false);
    await all[how](uuid);
    await all[how](off);
    expect(await hv1.domain(uuid)).toMatchObject({ state: 'shutoff', endReason });
    expect(await hv1.domain(off)).toMatchObject({ state: 'shutoff', endReason: 'unknown' });
  });

  test('a guest that is restarted while it powers off runs on', async () => {
    const all = await world({ shutdownDelayMs: 100 });
    const hv1 = await all.hypervisors.on('hv1');
    const [restarted, other] = [await guestOn('hv1', all), await guestOn('hv1', all)];
    await hv1.requestShutdown(restarted);
    await hv1.destroy(restarted);
    await hv1.start(restarted);
    await hv1.requestShutdown(other);
    await expect.poll(() => hv1.domain(other)).toMatchObject({ state: 'shutoff', endReason: 'shutdown' });
    expect(await hv1.domain(restarted)).toMatchObject({ state: 'running' });
  });

  test('a node that does not answer fails every call, and its guests run on', async () => {
    const all = await world();
    const hv1 = await all.hypervisors.on('hv1');
    const uuid = await guestOn('hv1', all);
    all.node('hv1').unreachable(true);
    for (const call of [hv1.host(), hv1.domains(), hv1.domain(uuid), hv1.start(uuid), hv1.destroy(uuid), all.hypervisors.on('hv1')]) {
      await expect(call).rejects.toMatchObject({ errorClass: 'environment_error' });
    }
    await (await all.hypervisors.on('hv2')).host();
    all.node('hv1').unreachable(false);
    expect(await hv1.domain(uuid)).toMatchObject({ state: 'running' });
  });

  test('a node that is switched off fails every call, and its guests have ended when it is on again', async () => {
    const all = await world();
    const hv1 = await all.hypervisors.on('hv1');
    const [uuid, off] = [await guestOn('hv1', all), await guestOn('hv1', all, false)];
    await all.node('hv1').power(false);
    for (const call of [hv1.host(), hv1.domain(uuid), all.hypervisors.on('hv1')]) {
      await expect(call).rejects.toMatchObject({ errorClass: 'environment_error' });
    }
    await (await all.hypervisors.on('hv2')).host();
    await all.node('hv1').power(true);
    for (const known of [uuid, off]) expect(await hv1.domain(known)).toMatchObject({ state: 'shutoff', endReason: 'unknown' });
    await hv1.start(uuid);
    expect(await hv1.domain(uuid)).toMatchObject({ state: 'running' });
  });

  test('a node that is cut off and switched off answers when both are over', async () => {
    const all = await world();
    const hv1 = await all.hypervisors.on('hv1');
    all.node('hv1').unreachable(true);
    await all.node('hv1').power(false);
    await all.node('hv1').power(true);
    await expect(hv1.host()).rejects.toMatchObject({ errorClass: 'environment_error' });
    all.node('hv1').unreachable(false);
    await hv1.host();
  });

  test('a closed hypervisor takes no more calls; another of the same node does', async () => {
    const all = await world();
    const [closed, open] = [await all.hypervisors.on('hv1'), await all.hypervisors.on('hv1')];
    await closed.close();
    await expect(closed.host()).rejects.toMatchObject({ errorClass: 'environment_error' });
    await open.host();
  });

  test('an ordered failure comes once, before the work or after it', async () => {
    const all = await world();
    const hv1 = await all.hypervisors.on('hv1');
    const uuid = await guestOn('hv1', all, false);
    const broken = new ClassifiedError('environment_error', 'broken');
    const before = all.snapshot();
    all.failNext('start', broken);
    await hv1.host();
    await expect(hv1.start(uuid)).rejects.toBe(broken);
    expect(all.snapshot()).toEqual(before);
    all.failNext('start', broken, 'after');
    await expect(hv1.start(uuid)).rejects.toBe(broken);
    expect(await hv1.domain(uuid)).toMatchObject({ state: 'running' });
    await hv1.start(uuid);
  });

  test('a snapshot is a copy, equal for equal worlds', async () => {
    const all = await world();
    const empty = all.snapshot();
    const uuid = await guestOn('hv1', all);
    const one = all.snapshot();
    expect(one).not.toEqual(empty);
    const hv1 = await all.hypervisors.on('hv1');
    await hv1.destroy(uuid);
    expect(all.snapshot()).not.toEqual(one);
    await hv1.undefine(uuid);
    expect(all.snapshot()).toEqual(empty);
  });
});

describe('a simulated world in a folder', () => {
  test('is the same when opened again', async () => {
    const directory = await folder();
    const first = await world({ directory });
    await guestOn('hv1', first);
    await guestOn('hv2', first, false);
    const gone = await guestOn('hv2', first, false);
    await (await first.hypervisors.on('hv2')).undefine(gone);
    const before = first.snapshot();
    await first.close();
    expect((await world({ directory })).snapshot()).toEqual(before);
  });

  test('a guest that was powering off goes on with it', async () => {
    const directory = await folder();
    const first = await world({ directory, shutdownDelayMs: 60_000 });
    const uuid = await guestOn('hv1', first);
    await (await first.hypervisors.on('hv1')).requestShutdown(uuid);
    await first.close();
    const again = await (await world({ directory, shutdownDelayMs: 1 })).hypervisors.on('hv1');
    await expect.poll(() => again.domain(uuid)).toMatchObject({ state: 'shutoff', endReason: 'shutdown' });
  });

  test('is opened by one process at a time', async () => {
    const directory = await folder();
    await world({ directory });
    await expect(openSimulatedWorld({ nodes: NODES, directory })).rejects.toMatchObject({ errorClass: 'environment_error' });
  });

  test('a killed process loses nothing that it was told is done', async () => {
    const directory = await folder();
    const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'world-writer.ts'), directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (child.stdout === null) throw new Error('no output');
    const started: string[] = [];
    for await (const uuid of createInterface({ input: child.stdout })) {
      started.push(uuid);
      if (started.length === 50) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
    const again = await openSimulatedWorld({ nodes: [{ name: 'hv1', cpuCount: 4, memoryMib: 1e6 }], directory });
    worlds.push(again);
    const hv1 = await again.hypervisors.on('hv1');
    for (const uuid of started) expect(await hv1.domain(uuid)).toMatchObject({ state: 'running' });
  });
});
