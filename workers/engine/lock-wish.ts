// The locks that an opcode can ask for, and what they are called in the cluster.
import { isUuid } from '../../src/cluster/vm-documents.js';
import type { LockRequest } from '../../src/cluster/locks.js';
import type { World } from './world.js';

export interface LockWish {
  mode: 'exclusive' | 'shared';
  kind: 'vm' | 'vm-name';
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
});

export const exclusive = wishesFor('exclusive');

/** The wishes by their names in the cluster: VMs by UUID. Throws unknown_entity for a VM that does not exist. */
export async function resolveWishes(world: World, wishes: LockWish[]): Promise<LockRequest[]> {
  return await Promise.all(
    wishes.map(async ({ mode, kind, name, optional }) => {
      const identity = kind === 'vm' ? await vmIdentity(world, name, optional === true) : name;
      return { mode, resource: `${kind}/${identity}` };
    }),
  );
}

async function vmIdentity(world: World, reference: string, optional: boolean): Promise<string> {
  if (isUuid(reference)) return reference.toLowerCase();
  const uuid = await world.vms.uuidOf(reference);
  if (uuid === undefined && !optional) throw world.vms.unknown(reference);
  return uuid ?? reference;
}
