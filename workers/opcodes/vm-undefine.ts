// OP_VM_UNDEFINE
import { VmUndefine } from '../../schemas/opcodes/vm-undefine.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { removeDisks } from '../steps/remove-disks.js';
import { destroyDomain, forgetDomain } from '../steps/domain.js';
import { removeVm, restoringState } from '../steps/vm-document.js';
import { removableDisks } from './removable-disks.js';
import { observe } from './observed-vm.js';

export const vmUndefine = opcode(VmUndefine, {
  version: 1,
  locks: ({ vm, delete_disks: deleteDisks = false }) => [
    exclusive.vm(vm),
    // Also for the undo, which makes the VM have its name and its disks again.
    exclusive.nameOf(vm),
    shared.poolsOf(vm),
    shared.disksOf(vm),
    ...(deleteDisks ? [shared.storage(), exclusive.ownDisksOf(vm)] : []),
  ],
  check: async (world, { vm, delete_disks: deleteDisks = false }) => {
    const observed = await observe(world, await world.vms.get(vm));
    return { ...observed, ...(deleteDisks ? await removableDisks(world, observed) : { volumes: [], kept: [] }) };
  },
  nodes: ({ document }) => [document.node],
  // The VM goes last: as long as it is there, a removal that failed can be asked for again.
  steps: ({ document, up, volumes }) => [
    ...(up ? [restoringState(document, destroyDomain(document))] : []),
    forgetDomain(document),
    ...removeDisks(volumes),
    removeVm(document),
  ],
  result: ({ document: { uuid, name }, volumes, kept }) => ({
    uuid,
    name,
    volumes: volumes.map(({ pool, volume }) => ({ pool, volume })),
    kept,
  }),
  uninterruptible: "the guest's power is cut at once",
});
