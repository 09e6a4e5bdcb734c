// A process that a test kills: it moves eight guests to and fro between two nodes of a simulated world, in the folder that it is given,
// all at once, and prints a line for each that has arrived.
import { randomUUID } from 'node:crypto';
import { openSimulatedWorld } from '../../workers/drivers/simulated/simulated-world.js';
import { plainDomainXml } from './plain-domain-xml.js';

const [, , directory = ''] = process.argv;
const names = ['hv1', 'hv2'];
const world = await openSimulatedWorld({ nodes: names.map((name) => ({ name, cpuCount: 4, memoryMib: 1e6 })), directory });

async function moveToAndFro(uuid: string): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    const [from = '', to = ''] = turn % 2 === 0 ? names : names.toReversed();
    await (await world.hypervisors.on(from)).migrate(uuid, { uri: `simulated://${to}`, bandwidthMibPerS: 0 });
    process.stdout.write(`${uuid}\n`);
  }
}

const uuids = Array.from({ length: 8 }, () => randomUUID());
const hv1 = await world.hypervisors.on('hv1');
for (const uuid of uuids) {
  await hv1.define(plainDomainXml('kvm', { uuid, name: uuid.slice(1), acpi: true }));
  await hv1.start(uuid);
}
await Promise.all(uuids.map(moveToAndFro));
