// OP_POOL_ADD: a new RBD pool (PVC: `POST /api/v1/storage/ceph/pool`).
import Type from 'typebox';
import { PoolName } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';

/** As many as Ceph takes for a replicated pool. */
const COPIES = { minimum: 1, maximum: 10 };

export const PoolAdd = opcodeSchema({
  id: 'OP_POOL_ADD',
  title: 'Add a pool',
  description:
    'Makes a replicated pool for RBD volumes. Fails with `already_exists` when there is a pool of that name, in the cluster or in Ceph, ' +
    '`insufficient_resources` when the OSDs cannot hold that many placement groups',
  summaryParameter: 'pool',
  subjects: { pool: ['pool'] },
  parameters: {
    pool: PoolName,
    pgs: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_536, default: 128, description: 'placement groups, by custom a power of two' }),
    ),
    copies: Type.Optional(Type.Integer({ ...COPIES, default: 3, description: 'how many OSDs keep each object' })),
    mincopies: Type.Optional(
      Type.Integer({
        ...COPIES,
        description:
          'how many of the copies must be there for the pool to take writes; at most `copies`; 2, or 1 of 1, when it is left out',
      }),
    ),
  },
  result: Type.Object({
    pool: PoolName,
    pgs: Type.Integer({ description: 'placement groups' }),
    copies: Type.Integer({ description: 'copies of each object' }),
    mincopies: Type.Integer({ description: 'copies that must be there for writes' }),
  }),
});
