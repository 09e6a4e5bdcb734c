// How a process reaches the nodes of its cluster: it asks their agents, through their queues.
import type { Config } from '../../schemas/config.js';
import type { ClusterReader } from '../../src/cluster/cluster-reader.js';
import { keysOf } from '../../src/jobs/keys.js';
import { openNodeCalls } from '../../src/jobs/node-calls.js';
import { connectPatiently } from '../../src/jobs/redis.js';
import type { Closing } from '../../src/process/closing.js';
import { agentHypervisors } from '../drivers/agents/agent-hypervisors.js';
import { agentOsdHosts } from '../drivers/agents/agent-osd-hosts.js';
import type { OsdHosts } from '../drivers/ceph-osd-host.js';
import type { Hypervisors } from '../drivers/hypervisor.js';

/** What the agents do for others. */
export interface ReachedNodes {
  hypervisors: Hypervisors;
  osdHosts: OsdHosts;
}

export async function reachNodes(config: Config, redisUrl: string, cluster: ClusterReader, closing: Closing): Promise<ReachedNodes> {
  const redis = connectPatiently(redisUrl);
  closing.add(() => redis.disconnect());
  const calls = await openNodeCalls(redis, connectPatiently(redisUrl), keysOf(config.redis.prefix));
  closing.add(() => calls.close());
  const options = {
    calls,
    exists: (node: string) => cluster.node(node) !== undefined,
    timeoutMs: config.worker.node_call_timeout_s * 1000,
  };
  return { hypervisors: agentHypervisors(options), osdHosts: agentOsdHosts(options) };
}
