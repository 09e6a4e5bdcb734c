// The hypervisor contract on the QEMU of a lab node, with guests that have a system: they hear a request to power off, or are deaf.
import { join } from 'node:path';
import { connectLibvirt } from '../../workers/drivers/libvirt/connect-libvirt.js';
import { hypervisorContract } from '../contract/hypervisor.js';
import { describeReal } from '../drivers/real-or-skipped.js';
import { guestXml } from '../lab/guest.js';
import { missingLab, realLab } from './real-lab.js';

describeReal('a hypervisor of the lab', missingLab(), () => {
  hypervisorContract(
    'QEMU in a node of the lab',
    async () => {
      const { nodes, guest: image, consoleDir } = await realLab();
      const hypervisor = await connectLibvirt({ uri: nodes.find(({ name }) => name === 'hv2')?.uri ?? '' });
      return {
        hypervisor,
        domainXml: ({ name, uuid, acpi, vcpus = 1 }) =>
          guestXml({ name, uuid, image, vcpus, variant: acpi ? 'obedient' : 'deaf', consoleFile: join(consoleDir, `${uuid}.log`) }),
        close: () => hypervisor.close(),
      };
    },
    { shutdownTimeoutMs: 60_000 },
  );
});
