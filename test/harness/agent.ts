// The agent of a node of the test's cluster.
import { pino } from 'pino';
import { startAgent } from '../../workers/agent/agent.js';
import { hostFigures } from '../../workers/agent/host-figures.js';
import type { TestCluster } from './cluster.js';

/** Resolves when it has looked once; it ends with the cluster. */
export async function addAgent({ openSession, world, closing }: TestCluster, node: string, intervalMs: number): Promise<void> {
  const store = openSession();
  const agent = await startAgent({
    node,
    uri: `simulated://${node}`,
    hypervisor: await world.hypervisors.on(node),
    figures: hostFigures,
    store,
    intervalMs,
    log: pino({ level: 'silent' }),
  });
  closing.add(() => agent.close());
}
