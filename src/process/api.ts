// The API as a process of its own: any number of them may run beside each other.
import { loadConfig } from '../config/load-config.js';
import { runProcess } from './closing.js';
import { openLog } from './log.js';
import { openCluster } from './open-cluster.js';
import { assertSharedQueue, assertSharedStore } from './required-settings.js';
import { serveApi } from './serve-api.js';
import { redisUrlOf } from '../jobs/redis-address.js';

await runProcess(async (closing, signal) => {
  const config = loadConfig();
  assertSharedStore(config);
  assertSharedQueue(config);
  const log = openLog(config);
  const { cluster } = await openCluster(config, log, closing, signal);
  return `rapid's API is ready at ${await serveApi(config, redisUrlOf(config.redis), cluster, log, closing)}`;
});
