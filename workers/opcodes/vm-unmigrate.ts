// OP_VM_UNMIGRATE
import { VmUnmigrate } from '../../schemas/opcodes/vm-unmigrate.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { busyNodes, moveResult, moveSteps, planMove } from './moving.js';

export const vmUnmigrate = opcode(VmUnmigrate, {
  version: 1,
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm }) => {
    const document = await world.vms.get(vm);
    const { name, last_node: node } = document;
    if (node === '') throw new ClassifiedError('wrong_state', `VM "${name}" has not been migrated: it is on node "${document.node}"`);
    return await planMove(world, document, { node, returning: true }, () => '');
  },
  nodes: busyNodes,
  steps: moveSteps,
  result: moveResult,
});
