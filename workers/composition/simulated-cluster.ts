// The simulated cluster of the embedded default: hypervisors that are none, and an agent for each.
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../../schemas/config.js';
import { storageDocuments } from '../../src/cluster/storage-documents.js';
import type { Store } from '../../src/cluster/store.js';
import { keysOf } from '../../src/jobs/keys.js';
import { connectPatiently } from '../../src/jobs/redis.js';
import type { Closing } from '../../src/process/closing.js';
import { startAgent } from '../agent/agent.js';
import { hostFigures } from '../agent/host-figures.js';
import { serveNode } from '../agent/serve-calls.js';
import { takeNode } from '../agent/tenure.js';
import type { CallContext } from '../drivers/call-context.js';
import { openSimulatedCeph, type SimulatedCeph } from '../drivers/simulated/simulated-ceph.js';
import { openSimulatedWorld } from '../drivers/simulated/simulated-world.js';
import { watcherDesk } from './watcher-desk.js';

export interface SimulatedClusterParts {
  config: Config;
  redisUrl: string;
  store: Store;
  log: Logger;
}

/** Simulated nodes have an address that no libvirt answers to. */
const uriOf = (node: string) => `simulated://${node}`;

/** No job has made the OSDs that a simulated node has from its first day. */
async function introduceOsds(ceph: SimulatedCeph, store: Store, node: string): Promise<void> {
  const { osds } = storageDocuments(store);
  for (const { id, fsid, devices } of await (await ceph.hosts.on(node)).localOsds()) {
    if ((await osds.find(String(id))) === undefined) await osds.create({ id, node, device: devices[0] ?? '', fsid, added_by: 0 });
  }
}

/** Starts it; answers its Ceph. */
export async function startSimulatedCluster(
  { config, redisUrl, store, log }: SimulatedClusterParts,
  closing: Closing,
): Promise<SimulatedCeph> {
  const world = await openSimulatedWorld({
    nodes: config.simulated.nodes.map(({ name, cpu_count, memory }) => ({ name, cpuCount: cpu_count, memoryMib: memory })),
    directory: join(config.state_dir, 'simulated'),
  });
  closing.add(() => world.close());
  const ceph = await openSimulatedCeph({
    nodes: config.simulated.nodes.map(({ name }) => name),
    directory: join(config.state_dir, 'simulated-ceph'),
  });
  closing.add(() => ceph.close());
  const redis = connectPatiently(redisUrl);
  closing.add(() => redis.disconnect());
  const keys = keysOf(config.redis.prefix);
  await Promise.all(
    config.simulated.nodes.map(async ({ name }) => {
      await introduceOsds(ceph, store, name);
      const hypervisor = await world.hypervisors.on(name);
      const tenure = await takeNode({ node: name, store, waitMs: config.cluster.session_timeout_ms, log });
      closing.add(() => tenure.close());
      const agent = await startAgent({
        node: name,
        uri: uriOf(name),
        hypervisor,
        guestSecret: async () => undefined,
        ceph: ceph.open,
        figures: hostFigures,
        store,
        tenure,
        coordinator: config.agent.coordinator,
        openDesk: watcherDesk(config, redisUrl),
        intervalMs: config.agent.interval_ms,
        log,
      });
      closing.add(() => agent.close());
      const osdHost = (context: CallContext) => ceph.hosts.on(name, context);
      const service = serveNode({ node: name, hypervisor, osdHost, tenure, redis, keys, log });
      closing.add(() => service.close());
    }),
  );
  return ceph;
}
