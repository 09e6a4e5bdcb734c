// A worker as a process, composed from the product's own modules as workers/worker.ts does, but also over a store in memory.
import { mirrorCluster } from '../../../src/cluster/cluster-mirror.js';
import { openStore } from '../../../src/cluster/open-store.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { createClosing } from '../../../src/process/closing.js';
import { openLog } from '../../../src/process/log.js';
import { reachCeph } from '../../../workers/composition/reach-ceph.js';
import { reachNodes } from '../../../workers/composition/reach-nodes.js';
import { runWorker } from '../../../workers/composition/run-worker.js';
import { opcodes } from '../../../workers/opcodes/registry.js';
import { announce } from './program.js';

const config = loadConfig();
const log = openLog(config);
const store = await openStore(config);
const cluster = await mirrorCluster(store, (error) => {
  throw error;
});
const closing = createClosing();
const nodes = await reachNodes(config, config.redis.url, cluster, closing);
await runWorker({ config, redisUrl: config.redis.url, store, cluster, ...nodes, ceph: reachCeph(config), opcodes, log }, closing);

announce(undefined, {});
