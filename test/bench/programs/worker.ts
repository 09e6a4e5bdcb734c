// A worker as a process, composed from the product's own modules as workers/worker.ts does, but also over a store in memory.
import { mirrorCluster } from '../../../src/cluster/cluster-mirror.js';
import { openStore } from '../../../src/cluster/open-store.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { createClosing } from '../../../src/process/closing.js';
import { openLog } from '../../../src/process/log.js';
import { runWorker } from '../../../workers/composition/run-worker.js';
import { libvirtHypervisors } from '../../../workers/drivers/libvirt/libvirt-hypervisors.js';
import { opcodes } from '../../../workers/opcodes/registry.js';
import { announce } from './program.js';

const config = loadConfig();
const log = openLog(config);
const store = await openStore(config);
const cluster = await mirrorCluster(store, (error) => {
  throw error;
});
// Never asked for: the opcode that is measured touches no hypervisor.
const hypervisors = libvirtHypervisors((node) => cluster.uriOf(node));
await runWorker({ config, redisUrl: config.redis.url, store, cluster, hypervisors, opcodes, log }, createClosing());

announce(undefined, {});
