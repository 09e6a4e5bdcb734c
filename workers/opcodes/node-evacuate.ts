// OP_NODE_EVACUATE
import { NodeEvacuate } from '../../schemas/opcodes/node-evacuate.js';
import { VmEvacuate } from '../../schemas/opcodes/vm-evacuate.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { planMoves } from '../placement/plan-moves.js';
import { moveVms, VMS_MOVED } from '../steps/move-vms.js';
import { recordDomainState } from '../steps/node-domain-state.js';
import { deadNode, hasGuest } from '../placement/node-life.js';

const AT_A_TIME = 4;

export const nodeEvacuate = opcode(NodeEvacuate, {
  version: 1,
  locks: ({ node }) => [exclusive.nodeMaintenance(node)],
  check: async (world, { node }) => {
    const before = await deadNode(world, node);
    const there = [...world.cluster.vms()].filter((vm) => vm.node === node && hasGuest(vm));
    return { before, vms: planMoves(world.cluster, node, there, world.selector) };
  },
  steps: ({ before, vms }) =>
    before.domain_state === 'flushed' && vms.length === 0
      ? []
      : [
          recordDomainState(before, 'flush'),
          moveVms(`start the VMs of ${before.name} elsewhere`, vms, {
            // One that is being shut down, or moved, is its job's until that ends; its own job then finds out whether it should run.
            isMeant: (vm) => vm.node === before.name && hasGuest(vm),
            hasMoved: (vm) => vm.node !== before.name,
            opcode: (vm) => ({ OP_ID: VmEvacuate.id, vm, yes_i_really_mean_it: true }),
            atATime: AT_A_TIME,
          }),
          recordDomainState(before, 'flushed'),
        ],
  result: ({ before }, done) => ({ node: before.name, domain_state: 'flushed' as const, vms: done.find(VMS_MOVED) ?? [] }),
});
