// The simulated cluster of the embedded default: hypervisors that are none, and an agent for each.
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../../schemas/config.js';
import type { Store } from '../../src/cluster/store.js';
import type { Closing } from '../../src/process/closing.js';
import { startAgent } from '../agent/agent.js';
import { hostFigures } from '../agent/host-figures.js';
import type { Hypervisors } from '../drivers/hypervisor.js';
import { openSimulatedWorld } from '../drivers/simulated/simulated-world.js';

/** Simulated nodes have an address that no libvirt answers to. */
const uriOf = (node: string) => `simulated://${node}`;

export async function startSimulatedCluster(config: Config, store: Store, log: Logger, closing: Closing): Promise<Hypervisors> {
  const world = await openSimulatedWorld({
    nodes: config.simulated.nodes.map(({ name, cpu_count, memory }) => ({ name, cpuCount: cpu_count, memoryMib: memory })),
    directory: join(config.state_dir, 'simulated'),
  });
  closing.add(() => world.close());
  await Promise.all(
    config.simulated.nodes.map(async ({ name }) => {
      const agent = await startAgent({
        node: name,
        uri: uriOf(name),
        hypervisor: await world.hypervisors.on(name),
        figures: hostFigures,
        store,
        intervalMs: config.agent.interval_ms,
        log,
      });
      closing.add(() => agent.close());
    }),
  );
  return world.hypervisors;
}
