// OP_VOLUME_ADD
import { VolumeAdd } from '../../schemas/opcodes/volume-add.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { addVolume, createVolume } from '../steps/volume.js';
import { assertFits, assertNewVolume, knownPool } from './known-storage.js';
import { settledSize } from './settled-size.js';

export const volumeAdd = opcode(VolumeAdd, {
  version: 1,
  locks: ({ pool, volume }) => [shared.storage(), shared.pool(pool), exclusive.volume(pool, volume)],
  check: async (world, { pool, volume, size }) => {
    const name = { pool, volume };
    const sizeBytes = settledSize(size);
    const { sighting } = await knownPool(world, pool);
    await assertNewVolume(world, name);
    assertFits(sighting, sizeBytes);
    return { name, sizeBytes };
  },
  steps: ({ name, sizeBytes }) => [createVolume(name, sizeBytes), addVolume(name)],
  result: ({ name, sizeBytes }) => ({ ...name, size_bytes: sizeBytes }),
});
