// OP_VOLUME_REMOVE: a volume goes with its snapshots (PVC: `DELETE /api/v1/storage/ceph/volume/<pool>/<volume>`).
import { PoolName, VolumeName } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { RemovedVolume } from './volume-result.js';

export const VolumeRemove = opcodeSchema({
  id: 'OP_VOLUME_REMOVE',
  title: 'Remove a volume',
  description:
    'Removes the volume with its snapshots. Fails with `unknown_entity` for a volume that does not exist, `wrong_state` while a VM has it (the text ' +
    'names the VM) or a client watches it',
  summaryParameter: 'volume',
  subjects: { pool: ['pool'], volume: ['volume'] },
  parameters: { pool: PoolName, volume: VolumeName },
  result: RemovedVolume,
});
