// OP_VM_UNDEFINE
import { VmUndefine } from '../../schemas/opcodes/vm-undefine.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { destroyDomain, forgetDomain } from '../steps/domain.js';
import { removeVm, restoringState } from '../steps/vm-document.js';
import { observe } from './observed-vm.js';

export const vmUndefine = opcode(VmUndefine, {
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm }) => await observe(world, await world.vms.get(vm)),
  node: ({ document }) => document.node,
  steps: ({ document, up }) => [
    ...(up ? [restoringState(document, destroyDomain(document))] : []),
    forgetDomain(document),
    removeVm(document),
  ],
  result: ({ document: { uuid, name } }) => ({ uuid, name }),
  uninterruptible: "the guest's power is cut at once",
});
