// A worker as a process of its own: any number of them may share the queue.
import { mirrorCluster } from '../src/cluster/cluster-mirror.js';
import { openStore } from '../src/cluster/open-store.js';
import { loadConfig } from '../src/config/load-config.js';
import { runProcess } from '../src/process/closing.js';
import { openLog } from '../src/process/log.js';
import { assertSharedQueue, assertSharedStore } from '../src/process/required-settings.js';
import { runWorker } from './composition/run-worker.js';
import { libvirtHypervisors } from './drivers/libvirt/libvirt-hypervisors.js';
import { opcodes } from './opcodes/registry.js';

await runProcess(async (closing, signal) => {
  const config = loadConfig();
  assertSharedStore(config);
  assertSharedQueue(config);
  const log = openLog(config);
  const store = await openStore(config, signal);
  closing.add(() => store.close());
  const cluster = await mirrorCluster(store, (error, what) => log.warn({ err: error, what }, 'a part of the cluster state cannot be read'));
  closing.add(() => cluster.close());
  const hypervisors = libvirtHypervisors((node) => cluster.uriOf(node));
  closing.add(() => hypervisors.close());
  const name = await runWorker({ config, redisUrl: config.redis.url, store, cluster, hypervisors, opcodes, log }, closing);
  return `worker ${name} is ready`;
});
