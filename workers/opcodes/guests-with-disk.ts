// The running guests that have a volume open as a disk.
import { volumeSpec } from '../../src/cluster/storage-documents.js';
import type { VolumeName } from '../drivers/ceph.js';
import type { World } from '../engine/world.js';
import type { GuestDisk } from '../steps/grow-disk.js';
import { vmsRunningOn } from '../steps/storage-users.js';
import { observe } from './observed-vm.js';

/** Throws environment_error when the hypervisor of one of the VMs does not answer. */
export async function guestsWithDisk(world: World, name: VolumeName): Promise<GuestDisk[]> {
  const spec = volumeSpec(name.pool, name.volume);
  const guests = (await vmsRunningOn(world, spec)).map(async (document): Promise<GuestDisk[]> => {
    const { up } = await observe(world, document);
    const { uuid, name: vm, node, disks } = document;
    return up
      ? disks.flatMap(({ type, name: disk, dev }) =>
          type === 'rbd' && disk === spec && dev !== null ? [{ uuid, name: vm, node, dev }] : [],
        )
      : [];
  });
  return (await Promise.all(guests)).flat();
}
