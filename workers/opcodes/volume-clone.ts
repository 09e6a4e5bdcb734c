// OP_VOLUME_CLONE
import { VolumeClone } from '../../schemas/opcodes/volume-clone.js';
import type { SnapshotName, VolumeName } from '../drivers/ceph.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import type { World } from '../engine/world.js';
import { addVolume, copyVolume } from '../steps/volume.js';
import { assertFits, assertNewVolume, knownPool, knownSnapshot, knownVolume } from './known-storage.js';

export const volumeClone = opcode(VolumeClone, {
  version: 1,
  locks: ({ pool, volume, new_name: newName, new_pool: newPool = pool }) => [
    shared.storage(),
    shared.pool(pool),
    shared.pool(newPool),
    shared.volume(pool, volume),
    exclusive.volume(newPool, newName),
  ],
  check: async (world, { pool, volume, snapshot, new_name: newName, new_pool: newPool = pool }) => {
    const source = { pool, volume, ...(snapshot === undefined ? {} : { snapshot }) };
    const target = { pool: newPool, volume: newName };
    const sizeBytes = await sizeOf(world, source);
    const { sighting } = await knownPool(world, newPool);
    await assertNewVolume(world, target);
    assertFits(sighting, sizeBytes);
    return { source, target, sizeBytes };
  },
  steps: ({ source, target, sizeBytes }) => [copyVolume(source, target, sizeBytes), addVolume(target)],
  result: ({ target, sizeBytes }) => ({ ...target, size_bytes: sizeBytes }),
});

async function sizeOf(world: World, source: VolumeName | SnapshotName): Promise<number> {
  const { sighting } = 'snapshot' in source ? await knownSnapshot(world, source) : await knownVolume(world, source);
  return sighting.sizeBytes;
}
