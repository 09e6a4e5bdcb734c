// The hypervisor contract, on the drivers that need no server: the simulated one, in memory and on disk, and libvirt's own test driver.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectLibvirt } from '../../workers/drivers/libvirt/connect-libvirt.js';
import { openSimulatedWorld } from '../../workers/drivers/simulated/simulated-world.js';
import { type HypervisorSubject, hypervisorContract } from '../contract/hypervisor.js';
import { missingLibvirt, plainDomainXml } from './plain-domain-xml.js';
import { describeReal } from './real-or-skipped.js';

const MIB = 1024 ** 2;
const DISK_XML = "<disk type='file' device='disk'><source file='/disk.img'/><target dev='vda' bus='virtio'/></disk>";

async function simulated(directory?: string): Promise<HypervisorSubject> {
  const world = await openSimulatedWorld({
    nodes: [{ name: 'hv1', cpuCount: 4, memoryMib: 4096 }],
    ...(directory === undefined ? {} : { directory }),
  });
  const hypervisor = await world.hypervisors.on('hv1');
  const bytesOf = (uuid: string) => world.snapshot()['hv1']?.find((domain) => domain.uuid === uuid)?.running?.toldBytes?.['vda'] ?? MIB;
  return {
    hypervisor,
    own: hypervisor,
    domainXml: (guest) => plainDomainXml('qemu', guest),
    disk: async ({ uuid }) => ({ xml: DISK_XML, dev: 'vda', sizeBytes: async () => bytesOf(uuid) }),
    defineCephSecret: (secret) => hypervisor.defineCephSecret(secret),
    close: () => world.close(),
  };
}

async function simulatedOnDisk(): Promise<HypervisorSubject> {
  const directory = await mkdtemp(join(tmpdir(), 'simulated-world-'));
  const subject = await simulated(directory);
  return {
    ...subject,
    async close() {
      await subject.close();
      await rm(directory, { recursive: true });
    },
  };
}

async function libvirtTestDriver(): Promise<HypervisorSubject> {
  const hypervisor = await connectLibvirt({ uri: 'test:///default' });
  return { hypervisor, own: hypervisor, domainXml: (guest) => plainDomainXml('test', guest), close: () => hypervisor.close() };
}

const EVERYTHING = { resizesDisks: true, keepsSecrets: true, asksPermits: true };

hypervisorContract('simulated', simulated, EVERYTHING);
hypervisorContract('simulated, on disk', simulatedOnDisk, EVERYTHING);
describeReal('libvirt', missingLibvirt(), () => {
  hypervisorContract('test:///default', libvirtTestDriver, { guestsNeedAcpi: false, asksPermits: true });
});
