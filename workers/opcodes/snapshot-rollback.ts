// OP_SNAPSHOT_ROLLBACK
import { SnapshotRollback } from '../../schemas/opcodes/snapshot-rollback.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { rollBack } from '../steps/volume.js';
import { assertUnwatched, assertVmsStopped, knownSnapshot } from './known-storage.js';

export const snapshotRollback = opcode(SnapshotRollback, {
  version: 1,
  locks: ({ pool, volume }) => [
    shared.storage(),
    shared.pool(pool),
    exclusive.volume(pool, volume),
    // Nothing starts on it meanwhile.
    exclusive.vmsWith(pool, volume),
  ],
  check: async (world, name) => {
    await knownSnapshot(world, name);
    await assertVmsStopped(world, name);
    await assertUnwatched(world, name);
    return name;
  },
  steps: (name) => [rollBack(name)],
  result: (name) => name,
  uninterruptible: 'half rolled back, the volume would be neither what it is nor what it was',
});
