// OP_POOL_REMOVE: a pool goes with all that is in it (PVC: `DELETE /api/v1/storage/ceph/pool/<pool>`).
import Type from 'typebox';
import { DataLossConfirmed, PoolName } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';

export const PoolRemove = opcodeSchema({
  id: 'OP_POOL_REMOVE',
  title: 'Remove a pool and all its volumes',
  description:
    'Removes the pool with all its volumes and snapshots. Fails with `unknown_entity` for a pool that does not exist, `wrong_state` while a VM uses ' +
    'a volume of it (unless `force`; the text names the VM) or when the monitors allow no removal (`mon_allow_pool_delete`)',
  summaryParameter: 'pool',
  subjects: { pool: ['pool'] },
  parameters: {
    pool: PoolName,
    yes_i_really_mean_it: DataLossConfirmed,
    force: Type.Optional(Type.Boolean({ default: false, description: 'also when VMs use volumes of it; they lose their disks' })),
  },
  result: Type.Object({
    pool: PoolName,
    volumes: Type.Integer({ description: 'how many volumes went with it' }),
  }),
});
