// The cluster of a process: its store, and what is last seen of it in memory.
import type { Logger } from 'pino';
import type { Config } from '../../schemas/config.js';
import { mirrorCluster, type ClusterMirror } from '../cluster/cluster-mirror.js';
import { openStore } from '../cluster/open-store.js';
import type { Store } from '../cluster/store.js';
import type { Closing } from './closing.js';

/** Resolves when everything is loaded; a ZooKeeper that does not answer is waited for until `signal` aborts. */
export async function openCluster(
  config: Config,
  log: Logger,
  closing: Closing,
  signal: AbortSignal,
): Promise<{ store: Store; cluster: ClusterMirror }> {
  const store = await openStore(config, signal);
  closing.add(() => store.close());
  const cluster = await mirrorCluster(store, (error, what) => log.warn({ err: error, what }, 'a part of the cluster state cannot be read'));
  closing.add(() => cluster.close());
  return { store, cluster };
}
