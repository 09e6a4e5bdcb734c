// OP_VOLUME_RENAME: a volume gets another name in its pool (PVC: `PUT /api/v1/storage/ceph/volume/<pool>/<volume>` with `name`).
import { PoolName, VolumeName } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { VolumeResult } from './volume-result.js';

export const VolumeRename = opcodeSchema({
  id: 'OP_VOLUME_RENAME',
  title: 'Rename a volume',
  description:
    'Gives the volume, with its snapshots, another name in its pool. Fails with `unknown_entity` for a volume that does not exist, `already_exists` ' +
    'when the new name is taken, `wrong_state` while a VM uses it (the text names the VM) or a client watches it',
  summaryParameter: 'volume',
  subjects: { pool: ['pool'], volume: ['volume', 'new_name'] },
  parameters: { pool: PoolName, volume: VolumeName, new_name: VolumeName },
  result: VolumeResult,
});
