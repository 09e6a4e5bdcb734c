// A process that a test kills: it starts one guest after the other in a simulated world, in the folder that it is given, and prints each
// guest's UUID once it was told that the guest runs.
import { randomUUID } from 'node:crypto';
import { openSimulatedWorld } from '../../workers/drivers/simulated/simulated-world.js';
import { plainDomainXml } from './plain-domain-xml.js';

const [, , directory = ''] = process.argv;
const world = await openSimulatedWorld({ nodes: [{ name: 'hv1', cpuCount: 4, memoryMib: 1e6 }], directory });
const hypervisor = await world.hypervisors.on('hv1');
for (;;) {
  const uuid = randomUUID();
  await hypervisor.define(plainDomainXml('kvm', { uuid, name: uuid.slice(1), acpi: true }));
  await hypervisor.start(uuid);
  process.stdout.write(`${uuid}\n`);
}
