// The worker of a process: the engine over the queue, the cluster state and the hypervisors.
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from '../../schemas/config.js';
import type { ClusterReader } from '../../src/cluster/cluster-reader.js';
import { createLocks } from '../../src/cluster/locks.js';
import type { Store } from '../../src/cluster/store.js';
import { vmDocuments } from '../../src/cluster/vm-documents.js';
import { keysOf } from '../../src/jobs/keys.js';
import { connectPatiently } from '../../src/jobs/redis.js';
import { watchJobs } from '../../src/jobs/watch.js';
import type { Closing } from '../../src/process/closing.js';
import type { Hypervisors } from '../drivers/hypervisor.js';
import type { OpcodeDefinition } from '../engine/opcode.js';
import { startWorker } from '../engine/worker.js';

export interface WorkerParts {
  config: Config;
  redisUrl: string;
  store: Store;
  cluster: ClusterReader;
  hypervisors: Hypervisors;
  opcodes: ReadonlyMap<string, OpcodeDefinition>;
  log: Logger;
}

/** Starts it; answers its name. */
export async function runWorker(
  { config, redisUrl, store, cluster, hypervisors, opcodes, log }: WorkerParts,
  closing: Closing,
): Promise<string> {
  const worker = config.worker.name || `${hostname()}-${process.pid}`;
  const keys = keysOf(config.redis.prefix);
  const redis = connectPatiently(redisUrl);
  closing.add(() => redis.disconnect());
  const watch = await watchJobs(connectPatiently(redisUrl), keys);
  closing.add(() => watch.close());
  const running = startWorker(
    {
      worker,
      redis,
      keys,
      watch,
      store,
      locks: createLocks(store, { worker }),
      world: { vms: vmDocuments(store), cluster, hypervisors, selector: config.worker.selector },
      opcodes,
      keepCount: config.jobs.keep_count,
      takeUpLimit: config.jobs.take_up_limit,
      opcodesPerNode: config.worker.opcodes_per_node,
      log,
    },
    { openJobs: config.worker.open_jobs, keepS: config.jobs.keep_s },
  );
  closing.add(() => running.close());
  return worker;
}
