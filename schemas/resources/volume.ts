// A volume as `GET /api/v1/storage/ceph/volume` shows it, and its snapshots: PVC's field names and nesting.
import Type, { type Static } from 'typebox';

const count = (description: string) => Type.Integer({ minimum: 0, description });
const text = (description: string) => Type.String({ description });
const texts = (description: string) => Type.Array(Type.String(), { description });

const VolumeStats = Type.Object(
  {
    name: text("the volume's name"),
    id: text("RBD's own ID of it: stays through renames, differs when a name is given again"),
    size: text('the size for people: `20G`, `1024M`'),
    size_bytes: count('the size in bytes'),
    objects: count('objects that it consists of when it is written to in full'),
    order: count('the binary logarithm of the size of an object'),
    object_size: count('bytes of an object'),
    snapshot_count: count('its snapshots'),
    block_name_prefix: text('what the names of its objects begin with: `rbd_data.xxx`'),
    format: count('the format of the RBD image: 2'),
    features: texts('features of the RBD image: `layering`, `exclusive-lock`, …'),
    flags: texts('flags of the RBD image'),
    create_timestamp: text('when it was made, as `rbd` writes it; empty where that is not known'),
  },
  { description: 'what `rbd info` tells, as of the last change to the volume' },
);

export const Volume = Type.Object(
  {
    name: text("the volume's name"),
    pool: text('its pool'),
    stats: VolumeStats,
  },
  { description: 'an RBD volume' },
);
export type Volume = Static<typeof Volume>;

export const Snapshot = Type.Object(
  {
    pool: text('the pool'),
    volume: text('the volume'),
    snapshot: text("the snapshot's name"),
    stats: Type.Object(
      {
        id: count("RBD's own number for it"),
        size: text('the size that the volume had, for people: `20G`'),
        size_bytes: count('the size that the volume had, in bytes'),
        protected: Type.Boolean({ description: 'whether it can be removed only after it was unprotected' }),
        timestamp: text('when it was taken, as `rbd` writes it; empty where that is not known'),
      },
      { description: 'what `rbd snap ls` tells' },
    ),
  },
  { description: 'a snapshot of an RBD volume' },
);
export type Snapshot = Static<typeof Snapshot>;
