// OP_SNAPSHOT_REMOVE
import { SnapshotRemove } from '../../schemas/opcodes/snapshot-remove.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { specOf } from '../../src/cluster/storage-documents.js';
import { assertUnprotected, GONE_FOR_GOOD, removeSnapshot } from '../steps/remove-volume.js';
import { assertNoVmHas } from '../steps/storage-users.js';
import { knownSnapshot } from './known-storage.js';

export const snapshotRemove = opcode(SnapshotRemove, {
  version: 1,
  locks: ({ pool, volume }) => [shared.storage(), shared.pool(pool), exclusive.volume(pool, volume)],
  check: async (world, name) => {
    const { sighting } = await knownSnapshot(world, name);
    await assertNoVmHas(world, specOf(name));
    assertUnprotected(sighting);
    return { name, id: sighting.id };
  },
  steps: ({ name, id }) => [removeSnapshot(name, id)],
  result: ({ name }) => name,
  uninterruptible: GONE_FOR_GOOD,
});
