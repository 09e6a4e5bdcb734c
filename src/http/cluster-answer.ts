// Reads of the cluster's state, and how old the answer may be: the mirror goes on answering for a while when its store is away.
import type { ClusterReader } from '../cluster/cluster-reader.js';
import { ClassifiedError } from '../errors/classified-error.js';
import { JsonText, type Answer } from './route.js';
import type { Services } from './services.js';

/** The headers that tell how old the state is; none while it is current. Throws environment_error when it is older than `limitS`. */
function freshness(staleSinceMs: number | undefined, limitS: number): Record<string, string> {
  if (staleSinceMs === undefined) return {};
  const ageS = Math.max(0, Math.floor((Date.now() - staleSinceMs) / 1000));
  if (ageS > limitS)
    throw new ClassifiedError('environment_error', `the cluster's state is not known: its store has been away for ${ageS} s`);
  return { Warning: '110 - "Response is Stale"', Age: String(ageS) };
}

/** What the mirror holds is never changed, only replaced: its text is written once, for all who read it. */
const texts = new WeakMap<object, string>();

function jsonOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = JSON.stringify(value);
  texts.set(value, text);
  return text;
}

/** A route's reader that asks nothing but the cluster. */
export function fromCluster<V>(read: (cluster: ClusterReader, values: V) => unknown): (services: Services, values: V) => Promise<Answer> {
  return async ({ cluster, config }, values) => {
    const headers = freshness(cluster.staleSinceMs, config.cluster.stale_reads_s);
    return { body: new JsonText(jsonOf(await read(cluster, values))), headers };
  };
}
