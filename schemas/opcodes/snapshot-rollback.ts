// OP_SNAPSHOT_ROLLBACK: a volume becomes what it was when a snapshot was taken.
import { PoolName, SnapshotName, VolumeName } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { SnapshotResult } from './snapshot-result.js';

export const SnapshotRollback = opcodeSchema({
  id: 'OP_SNAPSHOT_ROLLBACK',
  title: 'Roll a volume back to a snapshot',
  description:
    'Makes the contents and the size of the volume what they were; what was written since is lost. Fails with `unknown_entity` for a volume or a ' +
    'snapshot that does not exist, `wrong_state` when the VM that has it is not stopped (the text names it) or a client watches it',
  summaryParameter: 'snapshot',
  subjects: { pool: ['pool'], volume: ['volume'], snapshot: ['snapshot'] },
  parameters: { pool: PoolName, volume: VolumeName, snapshot: SnapshotName },
  result: SnapshotResult,
});
