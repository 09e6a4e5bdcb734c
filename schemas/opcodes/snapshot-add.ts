// OP_SNAPSHOT_ADD: what a volume holds now is kept (PVC: `POST /api/v1/storage/ceph/volume/snapshot`).
import { PoolName, SnapshotName, VolumeName } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { SnapshotResult } from './snapshot-result.js';

export const SnapshotAdd = opcodeSchema({
  id: 'OP_SNAPSHOT_ADD',
  title: 'Take a snapshot of a volume',
  description:
    'Keeps what the volume holds now; of a guest that runs, as after a power cut. Fails with `unknown_entity` for a volume that does not exist, ' +
    '`already_exists` when it has a snapshot of that name',
  summaryParameter: 'snapshot',
  subjects: { pool: ['pool'], volume: ['volume'], snapshot: ['snapshot'] },
  parameters: { pool: PoolName, volume: VolumeName, snapshot: SnapshotName },
  result: SnapshotResult,
});
