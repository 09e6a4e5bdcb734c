// What most checks need: a VM's document, and whether its guest really runs.
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import type { GuestSize } from '../../src/cluster/claims.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { isUp } from '../drivers/hypervisor.js';
import type { World } from '../engine/world.js';

export interface ObservedVm {
  document: VmDocument;
  /** Whether its hypervisor has the domain running or paused. */
  up: boolean;
  /** How large the guest is; absent when it is not up. */
  size?: GuestSize;
}

/** Throws environment_error when the VM's hypervisor does not answer. */
export async function observe(world: World, document: VmDocument): Promise<ObservedVm> {
  const sighting = await (await world.hypervisors.on(document.node)).domain(document.uuid);
  if (sighting === undefined || !isUp(sighting)) return { document, up: false };
  return { document, up: true, size: { memory_mib: sighting.memoryMib, vcpus: sighting.vcpus } };
}

/** PVC's precondition of shutdown and restart. */
export function assertStarted({ name, state }: VmDocument): void {
  if (state !== 'start') throw new ClassifiedError('wrong_state', `VM "${name}" is not in "start" state, but "${state}"`);
}
