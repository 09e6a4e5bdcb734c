// What most checks need: a VM's document, and whether its guest really runs.
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { World } from '../engine/world.js';

export interface ObservedVm {
  document: VmDocument;
  /** Whether its hypervisor has the domain running or paused. */
  up: boolean;
}

/** Throws environment_error when the VM's hypervisor does not answer. */
export async function observe(world: World, document: VmDocument): Promise<ObservedVm> {
  const sighting = await (await world.hypervisors.on(document.node)).domain(document.uuid);
  return { document, up: sighting?.state === 'running' || sighting?.state === 'paused' };
}

/** PVC's precondition of shutdown and restart. */
export function assertStarted({ name, state }: VmDocument): void {
  if (state !== 'start') throw new ClassifiedError('wrong_state', `VM "${name}" is not in "start" state, but "${state}"`);
}
