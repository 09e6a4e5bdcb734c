// Calls that a real libvirtd does not answer, or whose connection breaks: what is then done to their guest, and what is not, also by the
// process that comes after.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { NodeHypervisor } from '../../workers/drivers/hypervisor.js';
import { connectLibvirt } from '../../workers/drivers/libvirt/connect-libvirt.js';
import { patience } from '../lab/patience.js';
import { plainDomainXml } from './plain-domain-xml.js';
import { missingLibvirtd, type PrivateLibvirtd, privateLibvirtd } from './private-libvirtd.js';
import { describeReal } from './real-or-skipped.js';

/** Each call that hangs takes so long: longer than opening a connection does, also where that takes long. */
const CALL_TIMEOUT_MS = Math.min(patience(10_000), 20_000);
const SOON = { timeout: patience(60_000) };
const PATIENT_MS = patience(180_000);

const nameOf = (uuid: string) => `asked-${uuid}`;

describeReal('calls that libvirtd does not answer', missingLibvirtd(), () => {
  let libvirtd: PrivateLibvirtd;
  let directory: string;
  let hypervisor: NodeHypervisor;
  let uuid: string;

  const connect = (callTimeoutMs = CALL_TIMEOUT_MS) =>
    connectLibvirt({ uri: libvirtd.uri, callTimeoutMs, directory, daemons: libvirtd.daemons });

  beforeAll(async () => {
    libvirtd = await privateLibvirtd();
    await libvirtd.start();
    directory = await mkdtemp(join(tmpdir(), 'unanswered-'));
  }, PATIENT_MS);

  afterAll(async () => {
    libvirtd.signal('SIGCONT');
    await libvirtd.remove();
    await rm(directory, { recursive: true });
  }, PATIENT_MS);

  beforeEach(async () => {
    uuid = randomUUID();
    // The first definition takes seconds: libvirtd asks QEMU what it can do.
    const patient = await connectLibvirt({ uri: libvirtd.uri, callTimeoutMs: PATIENT_MS });
    await patient.define(plainDomainXml('qemu', { uuid, name: nameOf(uuid), acpi: true }));
    await patient.start(uuid);
    await patient.close();
    hypervisor = await connect();
  }, PATIENT_MS);

  afterEach(async () => {
    await hypervisor.close();
    const patient = await connectLibvirt({ uri: libvirtd.uri, callTimeoutMs: PATIENT_MS });
    await patient.destroy(uuid);
    await patient.undefine(uuid);
    await patient.close();
    expect(await readdir(directory)).toEqual([]);
  }, PATIENT_MS);

  /** A call that libvirtd is at for as long as the guest's QEMU stands still. */
  async function hang(): Promise<void> {
    await libvirtd.signalGuest(nameOf(uuid), 'SIGSTOP');
    await expect(hypervisor.requestShutdown(uuid)).rejects.toMatchObject({ errorClass: 'environment_error' });
  }
  const IN_DOUBT = { errorClass: 'environment_error', message: expect.stringContaining('in doubt') };

  test('its guest is left alone until libvirtd has answered', { timeout: PATIENT_MS }, async () => {
    await hang();
    expect(hypervisor.doubtOf(uuid)).toMatchObject({ method: 'requestShutdown' });
    await expect(hypervisor.destroy(uuid)).rejects.toMatchObject(IN_DOUBT);
    expect(await hypervisor.domain(uuid)).toMatchObject({ state: 'running' });
    expect(await readdir(directory)).toEqual([`${uuid}.json`]);
    await libvirtd.signalGuest(nameOf(uuid), 'SIGCONT');
    await expect.poll(() => hypervisor.doubtOf(uuid), SOON).toBeUndefined();
    await hypervisor.destroy(uuid);
    expect(await hypervisor.domain(uuid)).toMatchObject({ state: 'shutoff', endReason: 'destroyed' });
  });

  test('the next process leaves it alone too, until libvirtd is done with it', { timeout: PATIENT_MS }, async () => {
    await hang();
    await hypervisor.close();
    hypervisor = await connect();
    expect(hypervisor.doubtOf(uuid)).toMatchObject({ method: 'requestShutdown' });
    await expect(hypervisor.destroy(uuid)).rejects.toMatchObject(IN_DOUBT);
    await libvirtd.signalGuest(nameOf(uuid), 'SIGCONT');
    await expect.poll(() => hypervisor.doubtOf(uuid), SOON).toBeUndefined();
    await hypervisor.destroy(uuid);
  });

  test('a libvirtd that was started anew is at nothing any more', { timeout: PATIENT_MS }, async () => {
    await hang();
    await hypervisor.close();
    await libvirtd.kill();
    await libvirtd.signalGuest(nameOf(uuid), 'SIGCONT');
    await libvirtd.start();
    hypervisor = await connect();
    await hypervisor.destroy(uuid);
    expect(hypervisor.doubtOf(uuid)).toBeUndefined();
  });

  test('a libvirtd that stands still is waited for before the permit is asked', { timeout: PATIENT_MS }, async () => {
    await hypervisor.host();
    libvirtd.signal('SIGSTOP');
    let asked = 0;
    const refused = hypervisor.under(async () => {
      asked += 1;
      throw new Error('the locks are gone');
    });
    const destroying = refused.destroy(uuid).catch((error: unknown) => error);
    // A look that came later is given up: so long the call before it has waited.
    await expect(hypervisor.host()).rejects.toMatchObject({ errorClass: 'environment_error' });
    expect(asked).toBe(0);
    libvirtd.signal('SIGCONT');
    await destroying;
    await expect.poll(() => hypervisor.domain(uuid), SOON).toMatchObject({ state: 'running' });
  });

  test('one whose connection breaks is made again with another permit only', { timeout: PATIENT_MS }, async () => {
    let asked = 0;
    const breaking = hypervisor.under(async () => {
      asked += 1;
      if (asked > 1) throw new Error('the locks are gone');
      await libvirtd.kill();
    });
    await expect(breaking.destroy(uuid)).rejects.toBeInstanceOf(Error);
    await libvirtd.start();
    expect(await hypervisor.domain(uuid)).toMatchObject({ state: 'running' });
    asked = 0;
    const permitted = hypervisor.under(async () => {
      asked += 1;
      if (asked > 1) return;
      await libvirtd.kill();
      await libvirtd.start();
    });
    await permitted.destroy(uuid);
    expect(asked).toBeGreaterThan(1);
    expect(await hypervisor.domain(uuid)).toMatchObject({ state: 'shutoff' });
  });
});
