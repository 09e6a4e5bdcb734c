// Which VMs have a volume as a disk, asked of the cluster's state itself: the mirror is a moment old, and what is removed is gone for good.
import { volumeSpec } from '../../src/cluster/storage-documents.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { volumesOf } from '../../src/cluster/volume-users.js';
import type { World } from './world.js';

/** Those that have the volume of this spec, `pool/volume`. */
export const vmsWith = async ({ vms }: Pick<World, 'vms'>, spec: string): Promise<VmDocument[]> =>
  (await vms.all()).filter((document) => volumesOf(document).includes(spec));

/** Those that have any volume of the pool. */
export const vmsWithPool = async ({ vms }: Pick<World, 'vms'>, pool: string): Promise<VmDocument[]> =>
  (await vms.all()).filter((document) => volumesOf(document).some((spec) => spec.startsWith(volumeSpec(pool, ''))));
