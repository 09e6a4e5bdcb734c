// OP_SNAPSHOT_REMOVE
import { SnapshotRemove } from '../../schemas/opcodes/snapshot-remove.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { GONE_FOR_GOOD, removeSnapshot } from '../steps/remove-volume.js';
import { assertUnprotected, knownSnapshot } from './known-storage.js';

export const snapshotRemove = opcode(SnapshotRemove, {
  version: 1,
  locks: ({ pool, volume }) => [shared.storage(), shared.pool(pool), exclusive.volume(pool, volume)],
  check: async (world, name) => {
    const { sighting } = await knownSnapshot(world, name);
    assertUnprotected(sighting);
    return name;
  },
  steps: (name) => [removeSnapshot(name)],
  result: (name) => name,
  uninterruptible: GONE_FOR_GOOD,
});
