// OP_POOL_REMOVE
import { PoolRemove } from '../../schemas/opcodes/pool-remove.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { vmsWithPool } from '../engine/volume-vms.js';
import { GONE_FOR_GOOD, removePool } from '../steps/remove-volume.js';
import { knownPool, namesOf } from './known-storage.js';

export const poolRemove = opcode(PoolRemove, {
  version: 1,
  locks: ({ pool }) => [shared.storage(), exclusive.pool(pool)],
  check: async (world, { pool, force = false }) => {
    await knownPool(world, pool);
    const vms = force ? [] : await vmsWithPool(world, pool);
    if (vms.length > 0) throw new ClassifiedError('wrong_state', `pool "${pool}" holds disks of ${namesOf(vms)}`);
    return { pool, volumes: (await world.storage.volumesOf(pool)).length };
  },
  steps: ({ pool }) => [removePool(pool)],
  result: ({ pool, volumes }) => ({ pool, volumes }),
  uninterruptible: GONE_FOR_GOOD,
});
