// OP_VOLUME_RENAME
import { VolumeRename } from '../../schemas/opcodes/volume-rename.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { specOf } from '../../src/cluster/storage-documents.js';
import { assertUnwatched } from '../steps/await-unwatched.js';
import { assertNoVmHas } from '../steps/storage-users.js';
import { recordVolumeName, renameVolume } from '../steps/volume.js';
import { assertNewVolume, knownVolume } from './known-storage.js';

export const volumeRename = opcode(VolumeRename, {
  version: 1,
  locks: ({ pool, volume, new_name: newName }) => [
    shared.storage(),
    shared.pool(pool),
    exclusive.volume(pool, volume),
    exclusive.volume(pool, newName),
  ],
  check: async (world, { pool, volume, new_name: newName }) => {
    const name = { pool, volume };
    const { sighting } = await knownVolume(world, name);
    await assertNewVolume(world, { pool, volume: newName });
    // A VM's XML names it: the VM would not find it any more.
    await assertNoVmHas(world, specOf(name));
    await assertUnwatched(world, name);
    return { name, newName, id: sighting.id, sizeBytes: sighting.sizeBytes };
  },
  steps: ({ name, newName, id }) => [renameVolume(name, newName, id), recordVolumeName(name, newName, id)],
  result: ({ name, newName, sizeBytes }) => ({ pool: name.pool, volume: newName, size_bytes: sizeBytes }),
});
