// The migration contract: between two nodes of the simulated world, in memory and on disk, and between two real libvirtds.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectLibvirt } from '../../workers/drivers/libvirt/connect-libvirt.js';
import { openSimulatedWorld } from '../../workers/drivers/simulated/simulated-world.js';
import { migrationContract, type MigrationSubject } from '../contract/migration.js';
import { plainDomainXml } from './plain-domain-xml.js';
import { missingLibvirtd, privateLibvirtd } from './private-libvirtd.js';
import { describeReal } from './real-or-skipped.js';

const SIMULATED_DEVICES: Readonly<Record<string, string>> = {
  'a host device': "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='1' slot='0' function='0'/></source></hostdev>",
  'a disk that is not shared': "<disk type='file'><source file='/disk'/><target dev='vda' bus='virtio'/></disk>",
};

async function simulated(directory?: string): Promise<MigrationSubject> {
  const world = await openSimulatedWorld({
    nodes: ['hv1', 'hv2'].map((name) => ({ name, cpuCount: 4, memoryMib: 4096 })),
    ...(directory === undefined ? {} : { directory }),
  });
  const side = async (node: string) => ({ hypervisor: await world.hypervisors.on(node), uri: `simulated://${node}` });
  return {
    here: await side('hv1'),
    there: await side('hv2'),
    domainXml: (guest) => plainDomainXml('qemu', guest),
    largeXml: (guest) => plainDomainXml('qemu', guest, { memoryMib: 1000 }),
    boundXml: (guest, by) => plainDomainXml('qemu', guest, { devices: SIMULATED_DEVICES[by] ?? '' }),
    slowMibPerS: 200,
    connectHereAgain: () => world.hypervisors.on('hv1'),
    silence: async (is) => world.node('hv2').unreachable(is),
    close: () => world.close(),
  };
}

async function simulatedOnDisk(): Promise<MigrationSubject> {
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

const SIMULATED = { nowhereUri: 'simulated://hv3', boundBy: Object.keys(SIMULATED_DEVICES) };
migrationContract('simulated', () => simulated(), SIMULATED);
migrationContract('simulated, on disk', simulatedOnDisk, SIMULATED);

/** Memory that the guest has never touched is sent as a few bytes a page: with this much, some ten seconds at 1 MiB/s. */
const LARGE_MIB = 4096;

describeReal('migration between libvirtds', missingLibvirtd(), () => {
  async function libvirt(): Promise<MigrationSubject> {
    const directory = await mkdtemp(join(tmpdir(), 'migration-'));
    const disk = join(directory, 'disk');
    await writeFile(disk, Buffer.alloc(1024 * 1024));
    const [here, there] = [await privateLibvirtd(), await privateLibvirtd()];
    await Promise.all([here.start(), there.start()]);
    const side = async ({ uri }: { uri: string }) => ({ hypervisor: await connectLibvirt({ uri }), uri });
    const [hereSide, thereSide] = await Promise.all([side(here), side(there)]);
    const devices: Readonly<Record<string, string>> = {
      'a device that QEMU cannot send': `<shmem name='${directory.replaceAll('/', '-')}'><model type='ivshmem-plain'/><size unit='M'>1</size></shmem>`,
      'a disk that is not shared': `<disk type='file'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>`,
    };
    return {
      here: hereSide,
      there: thereSide,
      domainXml: (guest) => plainDomainXml('qemu', guest),
      largeXml: (guest) => plainDomainXml('qemu', guest, { memoryMib: LARGE_MIB }),
      boundXml: (guest, by) => plainDomainXml('qemu', guest, { devices: devices[by] ?? '' }),
      slowMibPerS: 1,
      connectHereAgain: () => connectLibvirt({ uri: here.uri }),
      silence: (is) => (is ? there.kill() : there.start()),
      async close() {
        await Promise.all([hereSide.hypervisor.close(), thereSide.hypervisor.close()]);
        await Promise.all([here.remove(), there.remove()]);
        await rm(directory, { recursive: true });
        await rm(join('/dev/shm', directory.replaceAll('/', '-')), { force: true });
      },
    };
  }

  migrationContract('qemu', libvirt, {
    nowhereUri: 'qemu+tcp://127.0.0.1:1/system',
    boundBy: ['a device that QEMU cannot send', 'a disk that is not shared'],
  });
});
