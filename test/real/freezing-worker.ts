// A program: a worker that stands still (SIGSTOP), once, right before it asks a node to cut the power of a guest.
import { loadConfig } from '../../src/config/load-config.js';
import { runProcess } from '../../src/process/closing.js';
import { openLog } from '../../src/process/log.js';
import { openCluster } from '../../src/process/open-cluster.js';
import { reachCeph } from '../../workers/composition/reach-ceph.js';
import { reachNodes } from '../../workers/composition/reach-nodes.js';
import { runWorker } from '../../workers/composition/run-worker.js';
import type { Hypervisors } from '../../workers/drivers/hypervisor.js';
import { opcodes } from '../../workers/opcodes/registry.js';

function freezing(hypervisors: Hypervisors): Hypervisors {
  let isWarm = true;
  return {
    async on(node, fence) {
      const hypervisor = await hypervisors.on(node, fence);
      return {
        ...hypervisor,
        async destroy(uuid) {
          if (isWarm) process.kill(process.pid, 'SIGSTOP');
          isWarm = false;
          await hypervisor.destroy(uuid);
        },
      };
    },
  };
}

await runProcess(async (closing, signal) => {
  const config = loadConfig();
  const log = openLog(config);
  const { store, cluster } = await openCluster(config, log, closing, signal);
  const { hypervisors, osdHosts } = await reachNodes(config, config.redis.url, cluster, closing);
  const own = { hypervisors: freezing(hypervisors), osdHosts, ceph: reachCeph(config), opcodes };
  const parts = { config, redisUrl: config.redis.url, store, cluster, ...own, log };
  return `freezing worker ${await runWorker(parts, closing)} is ready`;
});
