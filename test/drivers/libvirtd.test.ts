// The libvirt driver against a real libvirtd with QEMU guests: the contract, and what it does when libvirtd hangs, dies and comes back.
import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Hypervisor } from '../../workers/drivers/hypervisor.js';
import { connectLibvirt } from '../../workers/drivers/libvirt/connect-libvirt.js';
import { hypervisorContract } from '../contract/hypervisor.js';
import { patience } from '../lab/patience.js';
import { plainDomainXml } from './plain-domain-xml.js';
import { missingLibvirtd, type PrivateLibvirtd, privateLibvirtd } from './private-libvirtd.js';
import { describeReal } from './real-or-skipped.js';

const SLOW_CALLS = 8;
const CALL_TIMEOUT_MS = patience(15_000);
/** Far less than a call hangs, and more than a busy machine takes. */
const QUICK_MS = 2500;

/** The threads of this process, as the kernel counts them. */
async function threadCount(): Promise<number> {
  return (await readdir('/proc/self/task')).length;
}

async function durationMs(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

describeReal('libvirtd and QEMU', missingLibvirtd(), () => {
  hypervisorContract(
    'qemu',
    async () => {
      const libvirtd = await privateLibvirtd();
      await libvirtd.start();
      const hypervisor = await connectLibvirt({ uri: libvirtd.uri });
      const folder = await mkdtemp(join(tmpdir(), 'contract-disks-'));
      return {
        hypervisor,
        own: hypervisor,
        domainXml: (guest) => plainDomainXml('qemu', guest),
        async disk({ uuid }) {
          const file = join(folder, `${uuid}.img`);
          await writeFile(file, Buffer.alloc(1024 ** 2));
          const xml = `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${file}'/><target dev='vda' bus='virtio'/></disk>`;
          return { xml, dev: 'vda', sizeBytes: async () => (await stat(file)).size };
        },
        defineCephSecret: (secret) => hypervisor.defineCephSecret(secret),
        async close() {
          await hypervisor.close();
          await rm(folder, { recursive: true });
          await libvirtd.remove();
        },
      };
    },
    { shutdownTimeoutMs: 30_000, guestsPowerOff: false, resizesDisks: true, keepsSecrets: true, asksPermits: true },
  );

  describe('a libvirtd that hangs or dies', () => {
    let libvirtd: PrivateLibvirtd;
    let hypervisor: Hypervisor;
    const uuid = randomUUID();

    beforeAll(async () => {
      libvirtd = await privateLibvirtd();
      await libvirtd.start();
      // The first definition takes seconds: libvirtd asks QEMU what it can do.
      const patient = await connectLibvirt({ uri: libvirtd.uri });
      await patient.define(plainDomainXml('qemu', { uuid, name: 'survivor', acpi: true }));
      await patient.start(uuid);
      await patient.close();
      hypervisor = await connectLibvirt({ uri: libvirtd.uri, connections: SLOW_CALLS, callTimeoutMs: CALL_TIMEOUT_MS });
    });

    afterAll(async () => {
      libvirtd.signal('SIGCONT');
      // Its guests go with it, whatever state a failed test has left it in.
      await hypervisor.close();
      await libvirtd.remove();
    });

    // Whatever an earlier test or try has left of them.
    beforeEach(async () => {
      if (!libvirtd.lives()) await libvirtd.start();
      libvirtd.signal('SIGCONT');
      if ((await hypervisor.domain(uuid))?.state !== 'running') await hypervisor.start(uuid);
    });

    test('calls that hang slow nothing else down, end at their bound, and the next ones work', async () => {
      // All connections are open before libvirtd stops.
      await Promise.all(Array.from({ length: SLOW_CALLS }, () => hypervisor.domains()));
      const threadsBefore = await threadCount();
      libvirtd.signal('SIGSTOP');
      const hanging = Promise.allSettled(Array.from({ length: SLOW_CALLS }, () => hypervisor.host()));
      const loop = monitorEventLoopDelay({ resolution: 5 });
      loop.enable();
      for (let round = 0; round < 20; round += 1) {
        expect(await durationMs(() => readFile(new URL(import.meta.url)))).toBeLessThan(QUICK_MS);
        expect(await durationMs(() => lookup('localhost'))).toBeLessThan(QUICK_MS);
      }
      loop.disable();
      expect(loop.max / 1e6).toBeLessThan(QUICK_MS);
      const ends = await hanging;
      expect(ends.map((end) => (end.status === 'rejected' ? end.reason.errorClass : 'answered'))).toEqual(
        Array.from({ length: SLOW_CALLS }, () => 'environment_error'),
      );
      // Given up, the threads end though libvirtd still stands still: nothing keeps the process from exiting.
      await expect.poll(threadCount).toBeLessThanOrEqual(threadsBefore - SLOW_CALLS);
      libvirtd.signal('SIGCONT');
      await expect.poll(() => hypervisor.domain(uuid)).toMatchObject({ state: 'running' });
    });

    test('when libvirtd was killed and started again, the next call works, and the guest ran on', async () => {
      await Promise.all([hypervisor.domains(), hypervisor.domains()]);
      await libvirtd.kill();
      await expect(hypervisor.domain(uuid)).rejects.toMatchObject({ errorClass: 'environment_error' });
      await libvirtd.start();
      expect(await hypervisor.domain(uuid)).toMatchObject({ state: 'running' });
      // Every connection of the pool, not only the one that met it.
      await Promise.all(Array.from({ length: SLOW_CALLS }, () => hypervisor.domains()));
    });

    test('a restart between two calls goes unnoticed', async () => {
      await hypervisor.host();
      await libvirtd.kill();
      await libvirtd.start();
      expect(await hypervisor.domain(uuid)).toMatchObject({ state: 'running' });
    });

    test('a QEMU that is killed is a guest that crashed', async () => {
      expect((await hypervisor.host()).qemuVersion).toMatch(/^\d+\.\d+\.\d+$/);
      await libvirtd.killGuest('survivor');
      await expect.poll(() => hypervisor.domain(uuid)).toMatchObject({ state: 'shutoff', endReason: 'crashed' });
    });
  });
});
