// A node whose agent serves calls, for a test: the agent's session, its connection to Redis, and the hypervisor behind it.
import { pino } from 'pino';
import type { Store } from '../../src/cluster/store.js';
import type { Keys } from '../../src/jobs/keys.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { openNodeCalls } from '../../src/jobs/node-calls.js';
import { connectPatiently } from '../../src/jobs/redis.js';
import type { Closing } from '../../src/process/closing.js';
import { serveNode as serveCalls } from '../../workers/agent/serve-calls.js';
import { takeNode } from '../../workers/agent/tenure.js';
import { agentHypervisors } from '../../workers/drivers/agents/agent-hypervisors.js';
import { agentOsdHosts } from '../../workers/drivers/agents/agent-osd-hosts.js';
import type { CallContext } from '../../workers/drivers/call-context.js';
import type { OsdHost, OsdHosts } from '../../workers/drivers/ceph-osd-host.js';
import type { AgentHypervisor, Hypervisors } from '../../workers/drivers/hypervisor.js';

interface Place {
  redisUrl: string;
  keys: Keys;
  closing: Closing;
}

export interface ServedNode {
  node: string;
  hypervisor: AgentHypervisor;
  /** None: its agent has no Ceph. */
  osdHost?: (context: CallContext) => Promise<OsdHost>;
  store: Store;
}

/** Serves it until `closing` closes. */
export async function serveNode({ redisUrl, keys, closing }: Place, { store, ...served }: ServedNode): Promise<void> {
  const log = pino({ level: 'silent' });
  const tenure = await takeNode({ node: served.node, store, waitMs: WAIT_MS, log });
  closing.add(() => tenure.close());
  const redis = connectPatiently(redisUrl);
  closing.add(() => redis.disconnect());
  const service = serveCalls({ osdHost: noOsds, ...served, tenure, redis, keys, log });
  closing.add(() => service.close());
}

/** How long an agent of the same name may take to go away. */
const WAIT_MS = 10_000;

const noOsds = async (): Promise<never> => {
  throw new ClassifiedError('environment_error', 'this node has no Ceph');
};

/** These nodes as a worker has them. */
export async function reachNodes(
  { redisUrl, keys, closing }: Place,
  nodes: string[],
  timeoutMs: number,
): Promise<{ hypervisors: Hypervisors; osdHosts: OsdHosts }> {
  const redis = connectPatiently(redisUrl);
  closing.add(() => redis.disconnect());
  const calls = await openNodeCalls(redis, connectPatiently(redisUrl), keys);
  closing.add(() => calls.close());
  const options = { calls, exists: (node: string) => nodes.includes(node), timeoutMs };
  return { hypervisors: agentHypervisors(options), osdHosts: agentOsdHosts(options) };
}
