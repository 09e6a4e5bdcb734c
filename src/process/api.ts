// The API as a process of its own: any number of them may run beside each other.
import { mirrorCluster } from '../cluster/cluster-mirror.js';
import { openStore } from '../cluster/open-store.js';
import { loadConfig } from '../config/load-config.js';
import { runProcess } from './closing.js';
import { openLog } from './log.js';
import { assertSharedQueue, assertSharedStore } from './required-settings.js';
import { serveApi } from './serve-api.js';

await runProcess(async (closing, signal) => {
  const config = loadConfig();
  assertSharedStore(config);
  assertSharedQueue(config);
  const log = openLog(config);
  const store = await openStore(config, signal);
  closing.add(() => store.close());
  const cluster = await mirrorCluster(store, (error, what) => log.warn({ err: error, what }, 'a part of the cluster state cannot be read'));
  closing.add(() => cluster.close());
  return `rapid's API is ready at ${await serveApi(config, config.redis.url, cluster, log, closing)}`;
});
