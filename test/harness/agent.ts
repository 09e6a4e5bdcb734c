// The agent of a node of the test's cluster.
import { pino } from 'pino';
import type { MemorySession } from '../../src/cluster/memory/memory-session.js';
import { takeNode, type Tenure } from '../../workers/agent/tenure.js';
import { startAgent, type Agent } from '../../workers/agent/agent.js';
import { hostFigures } from '../../workers/agent/host-figures.js';
import type { CephSecret } from '../../workers/drivers/hypervisor.js';
import type { TestCluster } from './cluster.js';

interface AgentOptions {
  /** Whether it may become the primary. */
  coordinator?: boolean;
  /** The guests' key to Ceph; none unless given. */
  guestSecret?: CephSecret;
  /** How long its hypervisor may be silent. */
  silentAfterMs?: number;
  /** Told each line that it logs. */
  onLog?: (line: Record<string, unknown>) => void;
}

export interface TestAgent extends Agent {
  session: MemorySession;
  tenure: Tenure;
}

/** How long an agent of the same name may take to go away. */
const WAIT_MS = 10_000;

/** Resolves when it has looked once; it ends with the cluster, if not before. */
export async function addAgent(
  { openSession, world, ceph, closing, openWatcherDesk }: TestCluster,
  node: string,
  intervalMs: number,
  { coordinator = false, guestSecret, silentAfterMs, onLog }: AgentOptions = {},
): Promise<TestAgent> {
  const session = openSession();
  const write = (line: string) => onLog?.(JSON.parse(line) as Record<string, unknown>);
  const log = pino({ level: onLog === undefined ? 'silent' : 'info' }, { write });
  const tenure = await takeNode({ node, store: session, waitMs: WAIT_MS, log });
  closing.add(() => tenure.close());
  const agent = await startAgent({
    node,
    uri: `simulated://${node}`,
    hypervisor: await world.hypervisors.on(node),
    guestSecret: async () => guestSecret,
    ceph: ceph.open,
    figures: hostFigures,
    store: session,
    tenure,
    coordinator,
    openDesk: openWatcherDesk,
    intervalMs,
    ...(silentAfterMs === undefined ? {} : { silentAfterMs }),
    log,
  });
  const close = async () => {
    await agent.close();
    await tenure.close();
  };
  closing.add(close);
  return {
    get isPrimary() {
      return agent.isPrimary;
    },
    close,
    session,
    tenure,
  };
}
