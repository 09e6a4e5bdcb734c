// OP_VM_MOVE
import { VmMove } from '../../schemas/opcodes/vm-move.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { busyNodes, moveResult, moveSteps, planMove } from './moving.js';

export const vmMove = opcode(VmMove, {
  version: 1,
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm, node, selector }) => await planMove(world, await world.vms.get(vm), { node, selector }, () => ''),
  nodes: busyNodes,
  steps: moveSteps,
  result: moveResult,
});
