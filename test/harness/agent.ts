// The agent of a node of the test's cluster.
import { pino } from 'pino';
import type { MemorySession } from '../../src/cluster/memory/memory-session.js';
import { startAgent, type Agent } from '../../workers/agent/agent.js';
import { hostFigures } from '../../workers/agent/host-figures.js';
import type { CephSecret } from '../../workers/drivers/hypervisor.js';
import type { TestCluster } from './cluster.js';

interface AgentOptions {
  /** Whether it may become the primary. */
  coordinator?: boolean;
  /** The guests' key to Ceph; none unless given. */
  guestSecret?: CephSecret;
  /** Told each line that it logs. */
  onLog?: (line: Record<string, unknown>) => void;
}

export interface TestAgent extends Agent {
  session: MemorySession;
}

/** Resolves when it has looked once; it ends with the cluster, if not before. */
export async function addAgent(
  { openSession, world, ceph, closing, openWatcherDesk }: TestCluster,
  node: string,
  intervalMs: number,
  { coordinator = false, guestSecret, onLog }: AgentOptions = {},
): Promise<TestAgent> {
  const session = openSession();
  const write = (line: string) => onLog?.(JSON.parse(line) as Record<string, unknown>);
  const agent = await startAgent({
    node,
    uri: `simulated://${node}`,
    hypervisor: await world.hypervisors.on(node),
    guestSecret: async () => guestSecret,
    ceph: ceph.open,
    figures: hostFigures,
    store: session,
    coordinator,
    openDesk: openWatcherDesk,
    intervalMs,
    log: pino({ level: onLog === undefined ? 'silent' : 'info' }, { write }),
  });
  closing.add(() => agent.close());
  return Object.assign(agent, { session });
}
