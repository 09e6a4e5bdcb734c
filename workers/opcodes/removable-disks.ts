// The volumes that go with a VM that is removed.
import { volumeSpec } from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { VolumeName } from '../drivers/ceph.js';
import { vmsWith } from '../engine/volume-vms.js';
import type { World } from '../engine/world.js';
import { AT_REST, assertUnprotected, assertUnwatched, knownVolume, namesOf } from './known-storage.js';
import type { ObservedVm } from './observed-vm.js';

/**
 * The VM's RBD disks that are there still; of a disk that is a snapshot the volume stays. Throws wrong_state when the VM is not stopped, or
 * when anybody else has one of them or something forbids that it is removed.
 */
export async function removableDisks(world: World, { document, up }: ObservedVm): Promise<VolumeName[]> {
  const { uuid, name, state, disks } = document;
  if (up || !AT_REST.has(state)) {
    throw new ClassifiedError('wrong_state', `VM "${name}" must be stopped before its disks are removed; it is in state "${state}"`);
  }
  const own = new Set(disks.flatMap((disk) => (disk.type === 'rbd' && disk.name !== null && !disk.name.includes('@') ? [disk.name] : [])));
  const found: VolumeName[] = [];
  for (const spec of own) {
    const volume = volumeOf(spec);
    if (!(await isThere(world, volume))) continue;
    const others = (await vmsWith(world, spec)).filter((other) => other.uuid !== uuid);
    if (others.length > 0) throw new ClassifiedError('wrong_state', `volume "${spec}" is a disk of ${namesOf(others)} too`);
    await assertUnwatched(world, volume);
    for (const snapshot of await world.ceph().snapshots(volume)) assertUnprotected(snapshot);
    found.push(volume);
  }
  return found;
}

/** A pool's name holds no `/`. */
function volumeOf(spec: string): VolumeName {
  const slash = spec.indexOf('/');
  return { pool: spec.slice(0, slash), volume: spec.slice(slash + 1) };
}

/** One that is gone from both is what an earlier attempt has removed. */
async function isThere(world: World, name: VolumeName): Promise<boolean> {
  const { pools, volumes } = world.storage;
  const [pool, document] = await Promise.all([pools.find(name.pool), volumes.find(volumeSpec(name.pool, name.volume))]);
  if (document === undefined && (pool === undefined || (await world.ceph().volume(name)) === undefined)) return false;
  await knownVolume(world, name);
  return true;
}
