// OP_VM_START
import { VmStart } from '../../schemas/opcodes/vm-start.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { assertRoom, namedNode } from '../placement/choose-node.js';
import { createDomain } from '../steps/domain.js';
import { recordState, restoringState } from '../steps/vm-document.js';
import { observe } from './observed-vm.js';

export const vmStart = opcode(VmStart, {
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm }) => {
    const document = await world.vms.get(vm);
    const node = namedNode(world.cluster, document.node);
    const observed = await observe(world, document);
    if (!observed.up) assertRoom(node, document.memory);
    return observed;
  },
  node: ({ document }) => document.node,
  steps: ({ document, up }) => [
    ...(up ? [] : [restoringState(document, createDomain(document))]),
    ...(up && document.state === 'start' ? [] : [recordState(document, 'start')]),
  ],
  result: ({ document }) => ({ uuid: document.uuid, state: 'start' as const }),
});
