// OP_VM_STOP
import { VmStop } from '../../schemas/opcodes/vm-stop.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { destroyDomain, forgetDomain } from '../steps/domain.js';
import { recordState, restoringState } from '../steps/vm-document.js';
import { observe } from './observed-vm.js';

export const vmStop = opcode(VmStop, {
  version: 1,
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm }) => await observe(world, await world.vms.get(vm)),
  nodes: ({ document }) => [document.node],
  steps: ({ document, up }) => [
    ...(up ? [restoringState(document, destroyDomain(document)), forgetDomain(document)] : []),
    ...(up || !['stop', 'disable'].includes(document.state) ? [recordState(document, 'stop')] : []),
  ],
  result: ({ document, up }) => ({
    uuid: document.uuid,
    state: !up && document.state === 'disable' ? ('disable' as const) : ('stop' as const),
  }),
  uninterruptible: "the guest's power is cut at once",
});
