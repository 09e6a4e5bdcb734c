// Everything in one process: API and worker, with an own Redis unless the settings name one, and a simulated cluster unless they name a
// real one. This is what `npm start` runs.
import type { ClusterMirror } from '../src/cluster/cluster-mirror.js';
import type { Store } from '../src/cluster/store.js';
import type { Config } from '../schemas/config.js';
import type { Logger } from 'pino';
import { assertSafeToListen } from '../src/config/listen-address.js';
import { loadConfig } from '../src/config/load-config.js';
import { runProcess, type Closing } from '../src/process/closing.js';
import { openLog } from '../src/process/log.js';
import { openCluster } from '../src/process/open-cluster.js';
import { serveApi } from '../src/process/serve-api.js';
import { runWorker } from './composition/run-worker.js';
import { startSimulatedCluster } from './composition/simulated-cluster.js';
import type { Hypervisors } from './drivers/hypervisor.js';
import { libvirtHypervisors } from './drivers/libvirt/libvirt-hypervisors.js';
import { startLocalRedis } from './local-redis/local-redis.js';
import { opcodes } from './opcodes/registry.js';

await runProcess(async (closing, signal) => {
  const config = loadConfig();
  assertSafeToListen(config);
  const log = openLog(config);
  const { store, cluster } = await openCluster(config, log, closing, signal);
  const redisUrl = config.redis.url || (await ownRedis(config, closing));
  const hypervisors = await hypervisorsOf(config, store, cluster, log, closing);
  await runWorker({ config, redisUrl, store, cluster, hypervisors, opcodes, log }, closing);
  const url = await serveApi(config, redisUrl, cluster, log, closing);
  return `rapid is ready at ${url}`;
});

async function ownRedis(config: Config, closing: Closing): Promise<string> {
  const redis = await startLocalRedis(config.state_dir);
  closing.add(() => redis.close());
  return redis.url;
}

async function hypervisorsOf(config: Config, store: Store, cluster: ClusterMirror, log: Logger, closing: Closing): Promise<Hypervisors> {
  if (config.cluster.store === 'memory') return await startSimulatedCluster(config, store, log, closing);
  const hypervisors = libvirtHypervisors((node) => cluster.uriOf(node));
  closing.add(() => hypervisors.close());
  return hypervisors;
}
