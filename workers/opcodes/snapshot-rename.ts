// OP_SNAPSHOT_RENAME
import { SnapshotRename } from '../../schemas/opcodes/snapshot-rename.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { recordSnapshotName, renameSnapshot } from '../steps/snapshot.js';
import { assertNewSnapshot, knownSnapshot } from './known-storage.js';

export const snapshotRename = opcode(SnapshotRename, {
  version: 1,
  locks: ({ pool, volume }) => [shared.storage(), shared.pool(pool), exclusive.volume(pool, volume)],
  check: async (world, { new_name: newName, ...name }) => {
    const { sighting } = await knownSnapshot(world, name);
    await assertNewSnapshot(world, { ...name, snapshot: newName });
    return { name, newName, id: sighting.id };
  },
  steps: ({ name, newName, id }) => [renameSnapshot(name, newName, id), recordSnapshotName(name, newName)],
  result: ({ name, newName }) => ({ ...name, snapshot: newName }),
});
