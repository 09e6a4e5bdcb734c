// OP_SNAPSHOT_RENAME: a snapshot gets another name.
import { PoolName, SnapshotName, VolumeName } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { SnapshotResult } from './snapshot-result.js';

export const SnapshotRename = opcodeSchema({
  id: 'OP_SNAPSHOT_RENAME',
  title: 'Rename a snapshot',
  description:
    'Fails with `unknown_entity` for a volume or a snapshot that does not exist, `already_exists` when the volume has a snapshot of the new name',
  summaryParameter: 'snapshot',
  subjects: { pool: ['pool'], volume: ['volume'], snapshot: ['snapshot', 'new_name'] },
  parameters: { pool: PoolName, volume: VolumeName, snapshot: SnapshotName, new_name: SnapshotName },
  result: SnapshotResult,
});
