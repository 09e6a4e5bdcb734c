// OP_SNAPSHOT_REMOVE: a snapshot goes, the volume stays (PVC: `DELETE /api/v1/storage/ceph/volume/snapshot/<pool>/<volume>/<snapshot>`).
import { PoolName, SnapshotName, VolumeName } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { SnapshotResult } from './snapshot-result.js';

export const SnapshotRemove = opcodeSchema({
  id: 'OP_SNAPSHOT_REMOVE',
  title: 'Remove a snapshot',
  description:
    'Fails with `unknown_entity` for a volume or a snapshot that does not exist, `wrong_state` when the snapshot is protected or something depends on it',
  summaryParameter: 'snapshot',
  subjects: { pool: ['pool'], volume: ['volume'], snapshot: ['snapshot'] },
  parameters: { pool: PoolName, volume: VolumeName, snapshot: SnapshotName },
  result: SnapshotResult,
});
