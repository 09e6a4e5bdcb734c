// OP_SNAPSHOT_RENAME
import { SnapshotRename } from '../../schemas/opcodes/snapshot-rename.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { specOf } from '../../src/cluster/storage-documents.js';
import { recordSnapshotName, renameSnapshot } from '../steps/snapshot.js';
import { assertNoVmHas } from '../steps/storage-users.js';
import { assertNewSnapshot, knownSnapshot } from './known-storage.js';

export const snapshotRename = opcode(SnapshotRename, {
  version: 1,
  locks: ({ pool, volume }) => [shared.storage(), shared.pool(pool), exclusive.volume(pool, volume)],
  check: async (world, { new_name: newName, ...name }) => {
    const { sighting } = await knownSnapshot(world, name);
    await assertNewSnapshot(world, { ...name, snapshot: newName });
    // A VM's XML names it: the VM would not find it any more.
    await assertNoVmHas(world, specOf(name));
    return { name, newName, id: sighting.id };
  },
  steps: ({ name, newName, id }) => [renameSnapshot(name, newName, id), recordSnapshotName(name, newName, id)],
  result: ({ name, newName }) => ({ ...name, snapshot: newName }),
});
