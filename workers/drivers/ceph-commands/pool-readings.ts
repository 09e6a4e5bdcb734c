// What the cluster says of its pools: the OSD map how they are made, `ceph df` how full they are, `rados df` what is in them.
import type { PoolSighting } from '../ceph.js';
import { asRecord, type CephRecord, numberIn, recordIn, recordsIn, textIn } from './ceph-json.js';

/** From `osd dump`, `df` and `rados df`. */
export function readPools(dump: unknown, df: unknown, radosDf: unknown): PoolSighting[] {
  const usage = new Map(recordsIn(asRecord(df), 'pools').map((pool) => [numberIn(pool, 'id'), recordIn(pool, 'stats')]));
  const contents = new Map(recordsIn(asRecord(radosDf), 'pools').map((pool) => [numberIn(pool, 'id'), pool]));
  return recordsIn(asRecord(dump), 'pools')
    .map((pool) => {
      const id = numberIn(pool, 'pool');
      return readPool(pool, usage.get(id) ?? {}, contents.get(id) ?? {});
    })
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

function readPool(pool: CephRecord, usage: CephRecord, contents: CephRecord): PoolSighting {
  return {
    ...readPoolMaking(pool),
    id: numberIn(pool, 'pool'),
    freeBytes: numberIn(usage, 'max_avail'),
    usedBytes: numberIn(usage, 'bytes_used'),
    storedBytes: numberIn(usage, 'stored'),
    usedRatio: numberIn(usage, 'percent_used'),
    objects: numberIn(contents, 'num_objects'),
    objectClones: numberIn(contents, 'num_object_clones'),
    objectCopies: numberIn(contents, 'num_object_copies'),
    objectsMissing: numberIn(contents, 'num_objects_missing_on_primary'),
    objectsUnfound: numberIn(contents, 'num_objects_unfound'),
    objectsDegraded: numberIn(contents, 'num_objects_degraded'),
    readOps: numberIn(contents, 'read_ops'),
    readBytes: numberIn(contents, 'read_bytes'),
    writeOps: numberIn(contents, 'write_ops'),
    writeBytes: numberIn(contents, 'write_bytes'),
  };
}

export type PoolMaking = Pick<PoolSighting, 'name' | 'pgs' | 'copies' | 'minCopies' | 'applications'>;

/** How a pool of the OSD map is made. */
export function readPoolMaking(pool: CephRecord): PoolMaking {
  return {
    name: textIn(pool, 'pool_name'),
    pgs: numberIn(pool, 'pg_num'),
    copies: numberIn(pool, 'size'),
    minCopies: numberIn(pool, 'min_size'),
    applications: Object.keys(recordIn(pool, 'application_metadata')).toSorted(),
  };
}
