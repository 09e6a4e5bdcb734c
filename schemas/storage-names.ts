// How the things of the Ceph storage are written: pools, volumes, snapshots, OSDs, flags and sizes.
//
// Ceph would take nearly any character in a name. These names also stand in specs (`pool/volume@snapshot`), in libvirt's XML, in URLs and
// on command lines, so they are kept to what means the same in all of them: no `/` and no `@`, and nothing that looks like an option.
import Type from 'typebox';

/** Of what names are made, for descriptions. */
export const LETTERS = 'letters, digits and `_ . + -`, the first one a letter, a digit or `_`';

export const PoolName = Type.String({
  minLength: 1,
  maxLength: 96,
  pattern: '^[A-Za-z0-9_][A-Za-z0-9_.+-]*$',
  description: `a pool: ${LETTERS}; at most 96 characters`,
});

export const VolumeName = Type.String({
  minLength: 1,
  maxLength: 96,
  pattern: '^[A-Za-z0-9_][A-Za-z0-9_.+-]*$',
  description: `an RBD volume in its pool: ${LETTERS}; at most 96 characters`,
});

export const SnapshotName = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^[A-Za-z0-9_][A-Za-z0-9_.:+-]*$',
  description: `a snapshot of a volume: ${LETTERS}, and \`:\`; at most 128 characters`,
});

/** What Ceph numbers its OSDs with: a 32-bit number. */
export const OsdId = Type.Integer({ minimum: 0, maximum: 2_147_483_647, description: 'an OSD by its ID, a whole number' });

export const DevicePath = Type.String({
  minLength: 6,
  maxLength: 255,
  pattern: '^/dev/([A-Za-z0-9_:+-][A-Za-z0-9_.:+-]*/)*[A-Za-z0-9_:+-][A-Za-z0-9_.:+-]*$',
  description: 'a block device of the node: `/dev/sdb`',
});

/** As text with a unit or as a number; before it is queued it becomes a number of bytes. */
export const VolumeSize = Type.Unsafe<string | number>({
  anyOf: [{ type: 'string' }, { type: 'number' }],
  description:
    'a size: a whole number of bytes, or a number with one of the units K M G T P (also KB, KiB and so on), each 1024 times the one before: ' +
    '`1073741824`, `4096M`, `20G`, `20GiB`, `1.5T`; a part of a byte counts as a whole one. ' +
    'More than 0, at most 2^53 - 1 bytes; a job shows it as a number of bytes',
});

/** What `ceph osd set` and `ceph osd unset` know alike (Ceph 16 to 18). */
const REVERSIBLE_FLAGS = [
  'full',
  'pause',
  'noup',
  'nodown',
  'noout',
  'noin',
  'nobackfill',
  'norebalance',
  'norecover',
  'noscrub',
  'nodeep-scrub',
  'notieragent',
  'nosnaptrim',
  'noautoscale',
];

export const SettableFlag = Type.Enum([...REVERSIBLE_FLAGS, 'pglog_hardlimit'], {
  description:
    'a flag of `ceph osd set`. `full` and `pause` stop clients, so all guests; `pglog_hardlimit` can never be unset; `noautoscale` is not known ' +
    'to Ceph 16',
});

export const UnsettableFlag = Type.Enum(REVERSIBLE_FLAGS, {
  description: 'a flag of `ceph osd unset`; `noautoscale` is not known to Ceph 16',
});

/** What cannot be taken back is done only for who says so. */
export const DataLossConfirmed = Type.Literal(true, { description: 'must be true: data is lost for good' });
