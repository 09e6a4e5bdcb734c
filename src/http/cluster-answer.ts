// Reads of the cluster's state, and how old the answer may be: the mirror goes on answering for a while when its store is away.
import type { ClusterReader } from '../cluster/cluster-reader.js';
import { ClassifiedError } from '../errors/classified-error.js';
import type { Answer } from './route.js';
import type { Services } from './services.js';

/** The headers that tell how old the state is; none while it is current. Throws environment_error when it is older than `limitS`. */
function freshness(staleSinceMs: number | undefined, limitS: number): Record<string, string> {
  if (staleSinceMs === undefined) return {};
  const ageS = Math.max(0, Math.floor((Date.now() - staleSinceMs) / 1000));
  if (ageS > limitS)
    throw new ClassifiedError('environment_error', `the cluster's state is not known: its store has been away for ${ageS} s`);
  return { Warning: '110 - "Response is Stale"', Age: String(ageS) };
}

/** A route's reader that asks nothing but the cluster. */
export function fromCluster<V>(read: (cluster: ClusterReader, values: V) => unknown): (services: Services, values: V) => Promise<Answer> {
  return async ({ cluster, config }, values) => {
    const headers = freshness(cluster.staleSinceMs, config.cluster.stale_reads_s);
    return { body: await read(cluster, values), headers };
  };
}
