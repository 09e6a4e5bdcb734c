// The locks that an opcode can ask for, and what they are called in the cluster.
import { volumeSpec } from '../../src/cluster/storage-documents.js';
import { isUuid, type VmDocument } from '../../src/cluster/vm-documents.js';
import { ownVolumesOf, volumesOf } from '../../src/cluster/volume-users.js';
import type { LockRequest } from '../../src/cluster/locks.js';
import type { World } from './world.js';

export interface LockWish {
  mode: 'exclusive' | 'shared';
  kind:
    | 'vm'
    | 'vm-name'
    | 'name-of'
    | 'vms-with'
    | 'disks-of'
    | 'own-disks-of'
    | 'pools-of'
    | 'node-maintenance'
    | 'election'
    | 'storage'
    | 'osd'
    | 'osd-device'
    | 'pool'
    | 'volume'
    | 'ceph-flag';
  /** As the client wrote it; a VM may be named or given by UUID. */
  name: string;
  /** A VM that is named need not exist. */
  optional?: boolean;
}

const wishesFor = (mode: LockWish['mode']) => ({
  /** A VM, by name or UUID. */
  vm: (name: string): LockWish => ({ mode, kind: 'vm', name }),
  /** A VM's lock, whether or not there is such a VM. */
  anyVm: (name: string): LockWish => ({ mode, kind: 'vm', name, optional: true }),
  /** The right to give a VM this name. */
  vmName: (name: string): LockWish => ({ mode, kind: 'vm-name', name }),
  /** The right to the name that a VM has: who takes it from the VM and may have to give it back holds it meanwhile. */
  nameOf: (vm: string): LockWish => ({ mode, kind: 'name-of', name: vm }),
  /** The right to empty a node, or to bring its VMs back. */
  nodeMaintenance: (name: string): LockWish => ({ mode, kind: 'node-maintenance', name }),
  /** The right to say which node shall be the primary. */
  primaryWish: (): LockWish => ({ mode, kind: 'election', name: 'primary-wish' }),
  /** The storage as a whole: shared by all who change a part of it, exclusive for who settles everything that is amiss. */
  storage: (): LockWish => ({ mode, kind: 'storage', name: 'ceph' }),
  /** An OSD by its ID. */
  osd: (id: number): LockWish => ({ mode, kind: 'osd', name: String(id) }),
  /** The right to make an OSD of a node's device. */
  osdDevice: (node: string, device: string): LockWish => ({ mode, kind: 'osd-device', name: `${node}${device}` }),
  /** A pool: shared by those who work on its volumes. */
  pool: (name: string): LockWish => ({ mode, kind: 'pool', name }),
  /** A volume with its snapshots. */
  volume: (pool: string, name: string): LockWish => ({ mode, kind: 'volume', name: volumeSpec(pool, name) }),
  /** Every VM that has the volume as a disk. */
  vmsWith: (pool: string, name: string): LockWish => ({ mode, kind: 'vms-with', name: volumeSpec(pool, name) }),
  /** The volumes that a VM needs, those of them that go when it goes with its disks, and the pools of all. */
  disksOf: (vm: string): LockWish => ({ mode, kind: 'disks-of', name: vm }),
  ownDisksOf: (vm: string): LockWish => ({ mode, kind: 'own-disks-of', name: vm }),
  poolsOf: (vm: string): LockWish => ({ mode, kind: 'pools-of', name: vm }),
  /** A flag of the storage. */
  cephFlag: (name: string): LockWish => ({ mode, kind: 'ceph-flag', name }),
});

export const exclusive = wishesFor('exclusive');
export const shared = wishesFor('shared');

/** What a job shares that makes a VM have these disks: while it does, none of them is taken away, renamed or overwritten. */
export const sharedDisks = (vm: Pick<VmDocument, 'disks'>): LockWish[] => [
  ...poolsOf(vm).map((name): LockWish => ({ mode: 'shared', kind: 'pool', name })),
  ...volumesOf(vm).map((name): LockWish => ({ mode: 'shared', kind: 'volume', name })),
];

const poolsOf = (vm: Pick<VmDocument, 'disks'>): string[] => [...new Set(volumesOf(vm).map((spec) => spec.slice(0, spec.indexOf('/'))))];

/** The wishes by their names in the cluster: VMs by UUID. Throws unknown_entity for a VM that does not exist. */
export async function resolveWishes(world: World, wishes: LockWish[]): Promise<LockRequest[]> {
  const resources = await Promise.all(wishes.map((wish) => resourcesOf(world, wish)));
  return wishes.flatMap(({ mode }, index) => (resources[index] ?? []).map((resource) => ({ mode, resource })));
}

async function resourcesOf(world: World, { kind, name, optional }: LockWish): Promise<string[]> {
  if (kind === 'name-of') return [`vm-name/${(await world.vms.get(name)).name}`];
  if (kind === 'vms-with') return (await world.storage.users.of(name)).map((uuid) => `vm/${uuid}`).toSorted();
  if (kind === 'own-disks-of') return ownVolumesOf(await world.vms.get(name)).map((spec) => `volume/${spec}`);
  if (kind === 'disks-of') return volumesOf(await world.vms.get(name)).map((spec) => `volume/${spec}`);
  if (kind === 'pools-of') return poolsOf(await world.vms.get(name)).map((pool) => `pool/${pool}`);
  return [`${kind}/${kind === 'vm' ? await vmIdentity(world, name, optional === true) : name}`];
}

async function vmIdentity(world: World, reference: string, optional: boolean): Promise<string> {
  if (isUuid(reference)) return reference.toLowerCase();
  const uuid = await world.vms.uuidOf(reference);
  if (uuid === undefined && !optional) throw world.vms.unknown(reference);
  return uuid ?? reference;
}
