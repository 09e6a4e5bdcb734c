// OP_VOLUME_ADD: a new RBD volume (PVC: `POST /api/v1/storage/ceph/volume`).
import { PoolName, VolumeName, VolumeSize } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { VolumeResult } from './volume-result.js';

export const VolumeAdd = opcodeSchema({
  id: 'OP_VOLUME_ADD',
  title: 'Add a volume',
  description:
    'Makes an empty RBD volume. Fails with `unknown_entity` for a pool that does not exist, `already_exists` when there is a volume of that name, ' +
    '`insufficient_resources` when the pool has not that much free space',
  summaryParameter: 'volume',
  subjects: { pool: ['pool'], volume: ['volume'] },
  parameters: { pool: PoolName, volume: VolumeName, size: VolumeSize },
  result: VolumeResult,
});
