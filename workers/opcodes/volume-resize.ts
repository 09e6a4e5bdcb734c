// OP_VOLUME_RESIZE
import { VolumeResize } from '../../schemas/opcodes/volume-resize.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { VolumeName } from '../drivers/ceph.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import type { World } from '../engine/world.js';
import { specOf } from '../../src/cluster/storage-documents.js';
import { assertUnwatched } from '../steps/await-unwatched.js';
import { growDisks } from '../steps/grow-disk.js';
import { assertVmsStopped } from '../steps/storage-users.js';
import { recordVolume, resizeVolume } from '../steps/volume.js';
import { assertFits, knownPool, knownVolume } from './known-storage.js';
import { guestsWithDisk } from './guests-with-disk.js';
import { settledSize } from './settled-size.js';

export const volumeResize = opcode(VolumeResize, {
  version: 1,
  locks: ({ pool, volume }) => [
    shared.storage(),
    shared.pool(pool),
    exclusive.volume(pool, volume),
    // None that has it starts or moves meanwhile, and none comes to have it: for that it would need the volume's lock.
    exclusive.vmsWith(pool, volume),
  ],
  check: async (world, { pool, volume, size, shrink = false }) => {
    const name = { pool, volume };
    const toBytes = settledSize(size);
    const { sighting } = await knownVolume(world, name);
    const fromBytes = sighting.sizeBytes;
    if (toBytes < fromBytes) await assertMayShrink(world, name, fromBytes, shrink);
    if (toBytes > fromBytes) assertFits((await knownPool(world, pool)).sighting, toBytes - fromBytes);
    const guests = toBytes > fromBytes ? await guestsWithDisk(world, name) : [];
    return { name, fromBytes, toBytes, shrink, guests };
  },
  steps: ({ name, fromBytes, toBytes, shrink, guests }) => [
    ...(fromBytes === toBytes ? [] : [resizeVolume(name, { fromBytes, toBytes, shrink })]),
    recordVolume(name),
    ...(guests.length === 0 ? [] : [growDisks(name, guests, toBytes)]),
  ],
  result: ({ name, toBytes }) => ({ ...name, size_bytes: toBytes }),
});

async function assertMayShrink(world: World, name: VolumeName, fromBytes: number, isMeant: boolean): Promise<void> {
  if (!isMeant) {
    const text = `volume "${name.pool}/${name.volume}" has ${fromBytes} bytes, and would become smaller; that needs "shrink"`;
    throw new ClassifiedError('wrong_state', text);
  }
  await assertVmsStopped(world, specOf(name));
  await assertUnwatched(world, name);
}
