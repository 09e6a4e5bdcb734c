// OP_VM_START
import { VmStart } from '../../schemas/opcodes/vm-start.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { assertRoom, namedNode } from '../placement/choose-node.js';
import { createDomain } from '../steps/domain.js';
import { recordState, restoringState } from '../steps/vm-document.js';
import { observe } from './observed-vm.js';

export const vmStart = opcode(VmStart, {
  version: 1,
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm, expected_state }) => {
    const document = await world.vms.get(vm);
    if (expected_state !== undefined && document.state !== expected_state) {
      throw new ClassifiedError(
        'wrong_state',
        `VM "${document.name}" is not in state "${expected_state}" any more, but "${document.state}"`,
      );
    }
    const node = namedNode(world.cluster, document.node);
    const observed = await observe(world, document);
    // The memory of one that should run is counted already.
    if (!observed.up && document.state !== 'start') assertRoom(node, document.memory);
    return observed;
  },
  nodes: ({ document }) => [document.node],
  steps: ({ document, up }) => [
    ...(up ? [] : [restoringState(document, createDomain(document))]),
    ...(up && document.state === 'start' ? [] : [recordState(document, 'start')]),
  ],
  result: ({ document }) => ({ uuid: document.uuid, state: 'start' as const }),
});
