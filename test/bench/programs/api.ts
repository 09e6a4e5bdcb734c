// The API as a process, composed from the product's own modules as src/process/api.ts does, but also over a store in memory: sections that
// do not measure ZooKeeper need none.
import { setTimeout as pause } from 'node:timers/promises';
import { mirrorCluster } from '../../../src/cluster/cluster-mirror.js';
import { openStore } from '../../../src/cluster/open-store.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { createClosing } from '../../../src/process/closing.js';
import { openLog } from '../../../src/process/log.js';
import { serveApi } from '../../../src/process/serve-api.js';
import { fillCluster } from '../fill-cluster.js';
import { announce, argument } from './program.js';

export interface ApiArgument {
  /** VMs that are put into the store before it is mirrored. */
  vms: number;
}

export interface ApiReady {
  url: string;
  /** How long it took to open the store and to load the mirror. */
  loadMs: number;
}

export interface ApiMethods {
  /** Resident memory in bytes, without what can be collected. Needs --expose-gc. */
  settledMemory(): Promise<number>;
  /** Milliseconds of CPU time so far. */
  cpuMs(): number;
}

const GC_PAUSE_MS = 200;

const config = loadConfig();
const log = openLog(config);
const begunMs = performance.now();
const store = await openStore(config);
const { vms } = argument<ApiArgument>();
if (vms > 0) await fillCluster(store, { vms, nodes: 0 });
const cluster = await mirrorCluster(store, (error) => {
  throw error;
});
const loadMs = performance.now() - begunMs;
const url = await serveApi(config, config.redis.url, cluster, log, createClosing());

announce(
  { url, loadMs } satisfies ApiReady,
  {
    async settledMemory() {
      if (globalThis.gc === undefined) throw new Error('needs --expose-gc');
      // The pauses let finalizers run and freed pages go back.
      for (let times = 0; times < 3; times++) {
        globalThis.gc();
        await pause(GC_PAUSE_MS);
      }
      return process.memoryUsage.rss();
    },
    cpuMs() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
  } satisfies ApiMethods,
);
