// OP_VOLUME_CLONE: a new volume with the contents of another one, or of a snapshot.
import Type from 'typebox';
import { LETTERS, PoolName, SnapshotName, VolumeName } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { VolumeResult } from './volume-result.js';

export const VolumeClone = opcodeSchema({
  id: 'OP_VOLUME_CLONE',
  title: 'Clone a volume',
  description:
    'Copies a volume, or one of its snapshots, in full into a new volume that depends on nothing. A volume that a guest writes to is copied as it is at ' +
    'some moment of each part; clone a snapshot instead. Fails with `unknown_entity` for a source or a pool that does not exist, `already_exists` when ' +
    'the new name is taken, `insufficient_resources` when the pool has not that much free space',
  summaryParameter: 'new_name',
  subjects: { pool: ['pool', 'new_pool'], volume: ['volume', 'new_name'], snapshot: ['snapshot'] },
  parameters: {
    pool: PoolName,
    volume: VolumeName,
    snapshot: Type.Optional(SnapshotName),
    new_name: Type.String({ ...VolumeName, description: `the new volume: ${LETTERS}; at most 96 characters` }),
    new_pool: Type.Optional(
      Type.String({
        ...PoolName,
        description: `the pool of the new volume, the source's when it is left out: ${LETTERS}; at most 96 characters`,
      }),
    ),
  },
  result: VolumeResult,
});
