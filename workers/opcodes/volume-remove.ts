// OP_VOLUME_REMOVE
import { VolumeRemove } from '../../schemas/opcodes/volume-remove.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { GONE_FOR_GOOD, removeVolume } from '../steps/remove-volume.js';
import { assertNoVmHas, assertUnprotected, assertUnwatched, knownVolume } from './known-storage.js';

export const volumeRemove = opcode(VolumeRemove, {
  version: 1,
  locks: ({ pool, volume }) => [shared.storage(), shared.pool(pool), exclusive.volume(pool, volume)],
  check: async (world, { pool, volume }) => {
    const name = { pool, volume };
    await knownVolume(world, name);
    await assertNoVmHas(world, name);
    await assertUnwatched(world, name);
    // Else some would be gone by the time that Ceph refuses.
    for (const snapshot of await world.ceph().snapshots(name)) assertUnprotected(snapshot);
    return name;
  },
  steps: (name) => [removeVolume(name)],
  result: (name) => name,
  uninterruptible: GONE_FOR_GOOD,
});
