// OP_SNAPSHOT_ADD
import { SnapshotAdd } from '../../schemas/opcodes/snapshot-add.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { addSnapshot, takeSnapshot } from '../steps/snapshot.js';
import { assertNewSnapshot } from './known-storage.js';

export const snapshotAdd = opcode(SnapshotAdd, {
  version: 1,
  locks: ({ pool, volume }) => [shared.storage(), shared.pool(pool), exclusive.volume(pool, volume)],
  check: async (world, name) => {
    await assertNewSnapshot(world, name);
    return name;
  },
  steps: (name) => [takeSnapshot(name), addSnapshot(name)],
  result: (name) => name,
});
