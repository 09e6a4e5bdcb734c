// OP_VOLUME_RESIZE: a volume gets another size (PVC: `PUT /api/v1/storage/ceph/volume/<pool>/<volume>` with `size`).
import Type from 'typebox';
import { PoolName, VolumeName, VolumeSize } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { VolumeResult } from './volume-result.js';

export const VolumeResize = opcodeSchema({
  id: 'OP_VOLUME_RESIZE',
  title: 'Resize a volume',
  description:
    'Gives the volume another size; a running guest sees it at once. Fails with `unknown_entity` for a volume that does not exist, `wrong_state` when ' +
    'it would become smaller and `shrink` is not given, or a guest runs on what would become smaller, `insufficient_resources` when the pool has not ' +
    'that much free space',
  summaryParameter: 'volume',
  subjects: { pool: ['pool'], volume: ['volume'] },
  parameters: {
    pool: PoolName,
    volume: VolumeName,
    size: VolumeSize,
    shrink: Type.Optional(Type.Boolean({ default: false, description: 'also make it smaller: what lies behind the new end is lost' })),
  },
  result: VolumeResult,
});
