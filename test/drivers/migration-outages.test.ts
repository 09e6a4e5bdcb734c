// What becomes of a migration between real libvirtds when the source's libvirtd dies or stands still in the middle of it.
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Hypervisor } from '../../workers/drivers/hypervisor.js';
import { connectLibvirt } from '../../workers/drivers/libvirt/connect-libvirt.js';
import { patience } from '../lab/patience.js';
import { plainDomainXml } from './plain-domain-xml.js';
import { missingLibvirtd, type PrivateLibvirtd, privateLibvirtd } from './private-libvirtd.js';
import { describeReal } from './real-or-skipped.js';

/** More than a call takes that does not hang. */
const callTimeoutMs = () => patience(5000);
/** With this much memory a migration at 1 MiB/s takes some ten seconds. */
const LARGE_MIB = 4096;

/** The threads of this process, as the kernel counts them. */
async function threadCount(): Promise<number> {
  return (await readdir('/proc/self/task')).length;
}

describeReal('a source that fails in the middle of a migration', missingLibvirtd(), () => {
  let source: PrivateLibvirtd;
  let target: PrivateLibvirtd;
  let here: Hypervisor;
  let there: Hypervisor;
  let uuid: string;

  beforeAll(async () => {
    [source, target] = [await privateLibvirtd(), await privateLibvirtd()];
    await Promise.all([source.start(), target.start()]);
    // The first definition takes seconds: libvirtd asks QEMU what it can do.
    for (const { uri } of [source, target]) {
      const patient = await connectLibvirt({ uri });
      const first = randomUUID();
      await patient.define(plainDomainXml('qemu', { uuid: first, name: 'first', acpi: true }));
      await patient.undefine(first);
      await patient.close();
    }
  });

  afterAll(async () => {
    source.signal('SIGCONT');
    await Promise.all([source.remove(), target.remove()]);
  });

  beforeEach(async () => {
    here = await connectLibvirt({ uri: source.uri, callTimeoutMs: callTimeoutMs() });
    there = await connectLibvirt({ uri: target.uri, callTimeoutMs: callTimeoutMs() });
    uuid = randomUUID();
    await here.define(plainDomainXml('qemu', { uuid, name: `moving-${uuid}`, acpi: true }, { memoryMib: LARGE_MIB }));
    await here.start(uuid);
  });

  afterEach(async () => {
    // Whatever a failed test has left of it.
    if (!source.lives()) await source.start();
    source.signal('SIGCONT');
    for (const hypervisor of [here, there]) {
      await hypervisor.destroy(uuid);
      await hypervisor.undefine(uuid);
      await hypervisor.close();
    }
  });

  /** Begins a slow migration; how it ends. */
  async function begun(): Promise<{ end: Promise<string> }> {
    const end = here.migrate(uuid, { uri: target.uri, bandwidthMibPerS: 1 }).then(
      () => 'moved',
      (error: { errorClass: string }) => error.errorClass,
    );
    const processed = async () => (await here.migrationProgress(uuid))?.bytesProcessed ?? 0;
    await expect.poll(processed).toBeGreaterThan(0);
    return { end };
  }

  test('killed, the call fails; started again, it has the guest, running, and nobody else has', async () => {
    const { end } = await begun();
    await source.kill();
    expect(await end).toBe('environment_error');
    await source.start();
    expect(await here.domain(uuid)).toMatchObject({ state: 'running' });
    expect(await here.migrationProgress(uuid)).toBeUndefined();
    await expect.poll(() => there.domain(uuid)).toBeUndefined();
    await here.migrate(uuid, { uri: target.uri, bandwidthMibPerS: 0 });
    expect(await there.domain(uuid)).toMatchObject({ state: 'running' });
  });

  test('standing still, the call is given up, no thread stays behind, and the guest runs in one place', async () => {
    const threadsBefore = await threadCount();
    const { end } = await begun();
    source.signal('SIGSTOP');
    expect(await end).toBe('environment_error');
    // The pool's and the migration's own, given up: they end though libvirtd still stands still.
    await expect.poll(threadCount).toBeLessThanOrEqual(threadsBefore);
    source.signal('SIGCONT');
    // QEMU has not stood still: the migration may succeed yet, or be found broken. Either way the guest runs on, at one end.
    const states = async () => {
      const sightings = await Promise.all([here.domain(uuid), there.domain(uuid)]);
      return sightings.map((sighting) => sighting?.state ?? 'unknown').toSorted();
    };
    await expect.poll(states).toEqual(['running', 'unknown']);
    expect(await here.migrationProgress(uuid)).toBeUndefined();
  });

  test('standing still, it keeps nobody from closing', async () => {
    const { end } = await begun();
    source.signal('SIGSTOP');
    await here.close();
    expect(await end).toBe('environment_error');
    source.signal('SIGCONT');
    here = await connectLibvirt({ uri: source.uri, callTimeoutMs: callTimeoutMs() });
    await here.migrate(uuid, { uri: target.uri, bandwidthMibPerS: 0 });
    expect(await there.domain(uuid)).toMatchObject({ state: 'running' });
    expect(await here.domain(uuid)).toBeUndefined();
  });
});
