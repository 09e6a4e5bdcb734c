// A worker as a process of its own: any number of them may share the queue.
import { loadConfig } from '../src/config/load-config.js';
import { runProcess } from '../src/process/closing.js';
import { openLog } from '../src/process/log.js';
import { openCluster } from '../src/process/open-cluster.js';
import { assertSharedQueue, assertSharedStore } from '../src/process/required-settings.js';
import { reachCeph } from './composition/reach-ceph.js';
import { reachNodes } from './composition/reach-nodes.js';
import { runWorker } from './composition/run-worker.js';
import { opcodes } from './opcodes/registry.js';
import { redisUrlOf } from '../src/jobs/redis-address.js';

await runProcess(async (closing, signal) => {
  const config = loadConfig();
  assertSharedStore(config);
  assertSharedQueue(config);
  const log = openLog(config);
  const { store, cluster } = await openCluster(config, log, closing, signal);
  const nodes = await reachNodes(config, redisUrlOf(config.redis), cluster, closing);
  const parts = { config, redisUrl: redisUrlOf(config.redis), store, cluster, ...nodes, ceph: reachCeph(config), opcodes, log };
  const name = await runWorker(parts, closing);
  return `worker ${name} is ready`;
});
