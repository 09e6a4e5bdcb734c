// A pool as `GET /api/v1/storage/ceph/pool` shows it: PVC's field names and nesting.
import Type, { type Static } from 'typebox';

const count = (description: string) => Type.Integer({ minimum: 0, description });

/** What Ceph said of a pool last; nothing at all until it has said something. */
export const PoolStats = Type.Partial(
  Type.Object({
    id: count("Ceph's number for it"),
    free_bytes: count('what could still be stored in it, copies not counted'),
    used_bytes: count('what its data takes on the devices, copies counted'),
    stored_bytes: count('what is stored in it, copies not counted'),
    used_percent: Type.Number({ description: 'how full it is, from 0 to 1 (a ratio, in spite of its name)' }),
    num_objects: count('objects'),
    num_object_clones: count('objects of snapshots'),
    num_object_copies: count('objects, each copy counted'),
    num_objects_missing_on_primary: count('objects that the first of their OSDs lacks'),
    num_objects_unfound: count('objects of which no copy is found'),
    num_objects_degraded: count('objects that have too few copies'),
    read_ops: count('reads so far'),
    read_bytes: count('bytes read so far'),
    write_ops: count('writes so far'),
    write_bytes: count('bytes written so far'),
  }),
  { description: 'what Ceph said of it last; empty until it has said something' },
);
export type PoolStats = Static<typeof PoolStats>;

export const Pool = Type.Object(
  {
    name: Type.String({ description: "the pool's name" }),
    pgs: count('placement groups'),
    copies: count('how many OSDs keep each object'),
    mincopies: count('how many of the copies must be there for the pool to take writes'),
    volume_count: count('its volumes'),
    stats: PoolStats,
  },
  { description: 'an RBD pool of the Ceph storage' },
);
export type Pool = Static<typeof Pool>;
