// Everything in one process: API and worker, with an own Redis unless the settings name one, and a simulated cluster unless they name a
// real one. This is what `npm start` runs.
import type { Config } from '../schemas/config.js';
import { assertSafeToListen } from '../src/config/listen-address.js';
import { loadConfig } from '../src/config/load-config.js';
import { runProcess, type Closing } from '../src/process/closing.js';
import { openLog } from '../src/process/log.js';
import { openCluster } from '../src/process/open-cluster.js';
import { serveApi } from '../src/process/serve-api.js';
import { reachCeph } from './composition/reach-ceph.js';
import { reachNodes } from './composition/reach-nodes.js';
import { runWorker } from './composition/run-worker.js';
import { startSimulatedCluster } from './composition/simulated-cluster.js';
import { startLocalRedis } from './local-redis/local-redis.js';
import { opcodes } from './opcodes/registry.js';
import { redisUrlOf } from '../src/jobs/redis-address.js';

await runProcess(async (closing, signal) => {
  const config = loadConfig();
  assertSafeToListen(config);
  const log = openLog(config);
  const { store, cluster } = await openCluster(config, log, closing, signal);
  const redisUrl = redisUrlOf(config.redis) || (await ownRedis(config, closing));
  const simulated = config.cluster.store === 'memory' ? await startSimulatedCluster({ config, redisUrl, store, log }, closing) : undefined;
  const ceph = simulated?.open ?? reachCeph(config);
  const nodes = await reachNodes(config, redisUrl, cluster, closing);
  await runWorker({ config, redisUrl, store, cluster, ...nodes, ceph, opcodes, log }, closing);
  const url = await serveApi(config, redisUrl, cluster, log, closing);
  return `rapid is ready at ${url}`;
});

async function ownRedis(config: Config, closing: Closing): Promise<string> {
  const redis = await startLocalRedis(config.state_dir);
  closing.add(() => redis.close());
  return redis.url;
}
