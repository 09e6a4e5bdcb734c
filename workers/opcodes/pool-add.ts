// OP_POOL_ADD
import { PoolAdd } from '../../schemas/opcodes/pool-add.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { usualMincopies } from '../../src/admission/complete-storage.js';
import { addPool, createPool } from '../steps/pool.js';
import { assertNewPool } from './known-storage.js';

export const poolAdd = opcode(PoolAdd, {
  version: 1,
  locks: ({ pool }) => [shared.storage(), exclusive.pool(pool)],
  check: async (world, { pool, pgs = 128, copies = 3, mincopies = usualMincopies(copies) }) => {
    await assertNewPool(world, pool);
    return { name: pool, pgs, copies, minCopies: mincopies };
  },
  steps: (pool) => [createPool(pool), addPool(pool)],
  result: ({ name, pgs, copies, minCopies }) => ({ pool: name, pgs, copies, mincopies: minCopies }),
});
