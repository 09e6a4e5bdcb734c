// A call that the hypervisor does not answer: until it does, nothing is taken for certain about its guest, and nothing is done to it.
import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { openSimulatedWorld } from '../../workers/drivers/simulated/simulated-world.js';
import { plainDomainXml } from './plain-domain-xml.js';

async function stage() {
  const world = await openSimulatedWorld({ nodes: ['hv1', 'hv2'].map((name) => ({ name, cpuCount: 4, memoryMib: 1024 })) });
  onTestFinished(() => world.close());
  const hypervisor = await world.hypervisors.on('hv1');
  const uuid = randomUUID();
  const xml = plainDomainXml('qemu', { uuid, name: 'web1', acpi: true });
  await hypervisor.define(xml);
  return { world, hypervisor, uuid, xml };
}

const IN_DOUBT = { errorClass: 'environment_error', message: expect.stringMatching(/in doubt: .+"start" of \d{4}-/) };

test('a guest that may yet be started is not changed, and not taken for down', async () => {
  const { world, hypervisor, uuid, xml } = await stage();
  const hang = world.hangNext('start');
  await expect(hypervisor.start(uuid)).rejects.toMatchObject({ errorClass: 'environment_error' });
  expect(hypervisor.doubtOf(uuid.toUpperCase())).toMatchObject({ method: 'start', since: expect.any(Date) });
  const calls = [
    hypervisor.domain(uuid),
    hypervisor.define(xml),
    hypervisor.start(uuid),
    hypervisor.destroy(uuid),
    hypervisor.undefine(uuid),
    hypervisor.migrate(uuid, { uri: 'simulated://hv2', bandwidthMibPerS: 0 }),
    // For who has another connection too.
    (await world.hypervisors.on('hv1')).destroy(uuid),
  ];
  for (const call of calls) await expect(call).rejects.toMatchObject(IN_DOUBT);
  // What can only stop something may be asked for, and the list shows what is seen.
  await hypervisor.abortMigration(uuid);
  expect(await hypervisor.domains()).toMatchObject([{ uuid, state: 'shutoff' }]);
  hang.answer();
  await expect.poll(() => hypervisor.doubtOf(uuid)).toBeUndefined();
  expect(await hypervisor.domain(uuid)).toMatchObject({ state: 'running' });
  await hypervisor.destroy(uuid);
});

test('a guest in doubt that is seen running runs', async () => {
  const { world, hypervisor, uuid } = await stage();
  await hypervisor.start(uuid);
  const hang = world.hangNext('destroy');
  await expect(hypervisor.destroy(uuid)).rejects.toMatchObject({ errorClass: 'environment_error' });
  expect(await hypervisor.domain(uuid)).toMatchObject({ state: 'running' });
  await expect(hypervisor.requestShutdown(uuid)).rejects.toMatchObject({ message: expect.stringContaining('"destroy"') });
  hang.answer();
  await expect.poll(() => hypervisor.doubtOf(uuid)).toBeUndefined();
  expect(await hypervisor.domain(uuid)).toMatchObject({ state: 'shutoff', endReason: 'destroyed' });
});
