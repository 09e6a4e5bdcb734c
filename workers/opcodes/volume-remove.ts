// OP_VOLUME_REMOVE
import { VolumeRemove } from '../../schemas/opcodes/volume-remove.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { specOf } from '../../src/cluster/storage-documents.js';
import { assertUnwatched } from '../steps/await-unwatched.js';
import { assertUnprotected, GONE_FOR_GOOD, removeVolume } from '../steps/remove-volume.js';
import { assertNoVmHas } from '../steps/storage-users.js';
import { knownVolume } from './known-storage.js';

export const volumeRemove = opcode(VolumeRemove, {
  version: 1,
  locks: ({ pool, volume }) => [shared.storage(), shared.pool(pool), exclusive.volume(pool, volume)],
  check: async (world, { pool, volume }) => {
    const name = { pool, volume };
    const { sighting } = await knownVolume(world, name);
    await assertNoVmHas(world, specOf(name));
    await assertUnwatched(world, name);
    // Else some would be gone by the time that Ceph refuses.
    for (const snapshot of await world.ceph().snapshots(name)) assertUnprotected(snapshot);
    return { ...name, id: sighting.id };
  },
  steps: (removal) => [removeVolume(removal)],
  result: ({ pool, volume }) => ({ pool, volume }),
  uninterruptible: GONE_FOR_GOOD,
});
