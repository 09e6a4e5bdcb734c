// OP_STORAGE_VERIFY: what Ceph has is compared with what the cluster knows of it.
import Type from 'typebox';
import { opcodeSchema } from './opcode-schema.js';

const things = (description: string) =>
  Type.Optional(
    Type.Union(
      [
        Type.Boolean(),
        Type.Array(Type.String({ pattern: '^(osd|pool|volume|snapshot)/.+$', maxLength: 400 }), { maxItems: 1000, uniqueItems: true }),
      ],
      { default: false, description },
    ),
  );

const THING = '`osd/3`, `pool/vms`, `volume/vms/web1_sda`, `snapshot/vms/web1_sda@daily`';

export const StorageVerify = opcodeSchema({
  id: 'OP_STORAGE_VERIFY',
  title: 'Compare the cluster with Ceph',
  description:
    'Tells each OSD, pool, volume and snapshot that only one of the two knows, or that differs. Ceph itself is never changed; what the cluster knows is ' +
    'changed only for what is named. Fails with `unknown_entity` when `adopt` or `drop` names something that has no such difference',
  parameters: {
    adopt: things(
      `what Ceph has, and the cluster does not know or knows otherwise, becomes known as it is: true for all of it, or a list: ${THING}`,
    ),
    drop: things(`what the cluster knows and Ceph has not is forgotten: true for all of it, or a list as with \`adopt\``),
  },
  result: Type.Object({
    drift: Type.Array(
      Type.Object({
        thing: Type.String({ description: THING }),
        difference: Type.Enum(['unknown', 'missing', 'differs'], {
          description: '`unknown`: only Ceph has it; `missing`: only the cluster knows it; `differs`: both, but not alike',
        }),
        detail: Type.String({ description: 'in which way it differs; else an empty text' }),
        done: Type.Enum(['nothing', 'adopted', 'dropped'], { description: 'what this job did about it' }),
      }),
      { description: 'every difference, also those that are gone now' },
    ),
  }),
});
