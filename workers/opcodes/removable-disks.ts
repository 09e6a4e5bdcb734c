// The volumes that go with a VM that is removed, and the disks that stay.
import type { ResultOf } from '../../schemas/opcodes/opcode-schema.js';
import type { VmUndefine } from '../../schemas/opcodes/vm-undefine.js';
import { volumeSpec } from '../../src/cluster/storage-documents.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { mayHaveGuest } from '../../src/cluster/vm-states.js';
import { ownVolumesOf, reasonToStay } from '../../src/cluster/volume-users.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { VolumeName } from '../drivers/ceph.js';
import type { World } from '../engine/world.js';
import { assertUnwatched } from '../steps/await-unwatched.js';
import { assertUnprotected, type Removal } from '../steps/remove-volume.js';
import { assertNoVmHas } from '../steps/storage-users.js';
import { knownVolume } from './known-storage.js';
import type { ObservedVm } from './observed-vm.js';

interface RemovableDisks {
  volumes: Removal[];
  kept: ResultOf<typeof VmUndefine>['kept'];
}

/**
 * What of the VM's disks is its own and there still. Throws wrong_state when the VM is not stopped, or when anybody else has one of those, or
 * something forbids that it is removed.
 */
export async function removableDisks(world: World, { document, up }: ObservedVm): Promise<RemovableDisks> {
  const { uuid, name, state } = document;
  if (up || mayHaveGuest({ state })) {
    throw new ClassifiedError('wrong_state', `VM "${name}" must be stopped before its disks are removed; it is in state "${state}"`);
  }
  const volumes: Removal[] = [];
  const unknownPools = new Map<string, string>();
  for (const spec of ownVolumesOf(document)) {
    const volume = volumeOf(spec);
    const found = await lookFor(world, volume);
    if (found === 'unknown pool') unknownPools.set(spec, `pool "${volume.pool}" is not known to the cluster`);
    if (found === undefined || typeof found === 'string') continue;
    await assertNoVmHas(world, spec, uuid);
    await assertUnwatched(world, volume);
    for (const snapshot of await world.ceph().snapshots(volume)) assertUnprotected(snapshot);
    volumes.push({ ...volume, id: found.id, of: uuid });
  }
  return { volumes, kept: keptDisks(document, unknownPools) };
}

/** A pool's name holds no `/`. */
function volumeOf(spec: string): VolumeName {
  const slash = spec.indexOf('/');
  return { pool: spec.slice(0, slash), volume: spec.slice(slash + 1) };
}

/** One that is gone from both is what an earlier attempt has removed. */
async function lookFor(world: World, name: VolumeName): Promise<{ id: string } | 'unknown pool' | undefined> {
  const { pools, volumes } = world.storage;
  const [pool, document] = await Promise.all([pools.find(name.pool), volumes.find(volumeSpec(name.pool, name.volume))]);
  if (document === undefined && pool === undefined) return 'unknown pool';
  if (document === undefined && (await world.ceph().volume(name)) === undefined) return undefined;
  return (await knownVolume(world, name)).sighting;
}

/** With what they are laid over: that may be laid under others too. */
function keptDisks({ disks }: VmDocument, unknownPools: ReadonlyMap<string, string>): RemovableDisks['kept'] {
  return disks.flatMap((disk) => {
    const { name, dev, backing } = disk;
    const why = reasonToStay(disk) ?? unknownPools.get(name ?? '');
    const below = backing.flatMap((image) => (image.name === null ? [] : [{ name: image.name, dev, why: 'a disk is laid over it' }]));
    return name === null || why === undefined ? below : [{ name, dev, why }, ...below];
  });
}
