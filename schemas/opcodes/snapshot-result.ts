// What the opcodes that work on a snapshot answer.
import Type from 'typebox';
import { PoolName, SnapshotName, VolumeName } from '../storage-names.js';

export const SnapshotResult = Type.Object({ pool: PoolName, volume: VolumeName, snapshot: SnapshotName });
