// What the opcodes that work on a volume answer.
import Type from 'typebox';
import { PoolName, VolumeName } from '../storage-names.js';

export const VolumeResult = Type.Object({
  pool: PoolName,
  volume: VolumeName,
  size_bytes: Type.Integer({ description: 'its size in bytes' }),
});

export const RemovedVolume = Type.Object({ pool: PoolName, volume: VolumeName });
