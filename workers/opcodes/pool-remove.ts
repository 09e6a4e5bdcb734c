// OP_POOL_REMOVE
import { PoolRemove } from '../../schemas/opcodes/pool-remove.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { GONE_FOR_GOOD, removePool } from '../steps/remove-volume.js';
import { assertNoVmHas } from '../steps/storage-users.js';
import { knownPool } from './known-storage.js';

export const poolRemove = opcode(PoolRemove, {
  version: 1,
  locks: ({ pool }) => [shared.storage(), exclusive.pool(pool)],
  check: async (world, { pool, force = false }) => {
    await knownPool(world, pool);
    if (!force) await assertNoVmHas(world, pool);
    return { pool, force, volumes: (await world.storage.volumesOf(pool)).length };
  },
  steps: ({ pool, force }) => [removePool(pool, force)],
  result: ({ pool, volumes }) => ({ pool, volumes }),
  uninterruptible: GONE_FOR_GOOD,
});
