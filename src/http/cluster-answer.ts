// Reads of the cluster's state, and how old the answer may be: the mirror goes on answering for a while when its store is away.
import type { ClusterReader } from '../cluster/cluster-reader.js';
import type { StorageReader } from '../cluster/storage-reader.js';
import { ClassifiedError } from '../errors/classified-error.js';
import { JsonText, type Answer } from './route.js';
import type { Services } from './services.js';

const ageSinceS = (sinceMs: number) => Math.max(0, Math.floor((Date.now() - sinceMs) / 1000));
const staleHeaders = (ageS: number) => ({ Warning: '110 - "Response is Stale"', Age: String(ageS) });

/** The headers that tell how old the state is; none while it is current. Throws environment_error when it is older than `limitS`. */
function freshness(staleSinceMs: number | undefined, limitS: number): Record<string, string> {
  if (staleSinceMs === undefined) return {};
  const ageS = ageSinceS(staleSinceMs);
  if (ageS > limitS)
    throw new ClassifiedError('environment_error', `the cluster's state is not known: its store has been away for ${ageS} s`);
  return staleHeaders(ageS);
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
    // So that who was told of a job's end finds what it did, whichever API told it.
    await cluster.caughtUp();
    const headers = freshness(cluster.staleSinceMs, config.cluster.stale_reads_s);
    return { body: new JsonText(jsonOf(await read(cluster, values))), headers };
  };
}

/** A report that is this old is told to be; agents report every few seconds. */
const OLD_REPORT_S = 30;

/** As fromCluster, for answers made of what Ceph was last heard to say: however long ago that is, they say so and are given. */
export function fromStorageReport<V>(
  read: (storage: StorageReader, values: V) => unknown,
): (services: Services, values: V) => Promise<Answer> {
  const fresh = fromCluster(({ storage }, values: V) => read(storage, values));
  return async (services, values) => {
    const { body, headers } = await fresh(services, values);
    const { reportedAtMs } = services.cluster.storage;
    const ageS = reportedAtMs === undefined ? 0 : ageSinceS(reportedAtMs);
    const older = ageS > OLD_REPORT_S && ageS > Number(headers?.['Age'] ?? 0);
    return { body, headers: { ...headers, ...(older ? staleHeaders(ageS) : {}) } };
  };
}
