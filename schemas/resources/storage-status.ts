// How the Ceph storage is and how full it is, as `GET /api/v1/storage/ceph` and `…/df` show it.
import Type, { type Static } from 'typebox';

const common = {
  primary_node: Type.String({ description: 'the node that asked Ceph' }),
  collected_at: Type.Number({ description: 'when it asked, in seconds since 1970' }),
};

const parsed = (command: string) =>
  Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()], {
    description: `what \`${command}\` tells, as JSON; null when that is too much to be kept`,
  });

export const StorageStatus = Type.Object(
  {
    type: Type.Enum(['status']),
    ...common,
    ceph_data: Type.String({ description: 'the raw output of `ceph status`' }),
    ceph_json: parsed('ceph status --format json'),
    flags: Type.Array(Type.String(), { description: 'the flags that are set: `noout`, …' }),
  },
  { description: 'the status of the Ceph storage' },
);
export type StorageStatus = Static<typeof StorageStatus>;

export const StorageDf = Type.Object(
  {
    type: Type.Enum(['utilization']),
    ...common,
    ceph_data: Type.String({ description: 'the raw output of `rados df`' }),
    ceph_json: parsed('rados df --format json'),
  },
  { description: 'how full the Ceph storage is' },
);
export type StorageDf = Static<typeof StorageDf>;
