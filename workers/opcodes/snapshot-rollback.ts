// OP_SNAPSHOT_ROLLBACK
import { SnapshotRollback } from '../../schemas/opcodes/snapshot-rollback.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { volumeSpec } from '../../src/cluster/storage-documents.js';
import { assertUnwatched } from '../steps/await-unwatched.js';
import { assertVmsStopped } from '../steps/storage-users.js';
import { rollBack } from '../steps/volume.js';
import { knownSnapshot } from './known-storage.js';

export const snapshotRollback = opcode(SnapshotRollback, {
  version: 1,
  locks: ({ pool, volume }) => [
    shared.storage(),
    shared.pool(pool),
    exclusive.volume(pool, volume),
    // None that has it starts meanwhile, and none comes to have it: for that it would need the volume's lock.
    exclusive.vmsWith(pool, volume),
  ],
  check: async (world, name) => {
    const { sighting } = await knownSnapshot(world, name);
    await assertVmsStopped(world, volumeSpec(name.pool, name.volume));
    await assertUnwatched(world, name);
    return { name, id: sighting.id };
  },
  steps: ({ name, id }) => [rollBack(name, id)],
  result: ({ name }) => name,
  uninterruptible: 'half rolled back, the volume would be neither what it is nor what it was',
});
