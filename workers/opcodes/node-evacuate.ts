// OP_NODE_EVACUATE
import { NodeEvacuate } from '../../schemas/opcodes/node-evacuate.js';
import { VmEvacuate } from '../../schemas/opcodes/vm-evacuate.js';
import { mayHaveGuest } from '../../src/cluster/vm-states.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { guestsOn } from '../placement/guests-on.js';
import { planMoves } from '../placement/plan-moves.js';
import { moveVms, VMS_MOVED } from '../steps/move-vms.js';
import { closeEmptied, NODE_EMPTIED, recordDomainState } from '../steps/node-domain-state.js';
import { deadNode } from '../placement/node-life.js';

const AT_A_TIME = 4;

export const nodeEvacuate = opcode(NodeEvacuate, {
  version: 1,
  locks: ({ node }) => [exclusive.nodeMaintenance(node)],
  check: async (world, { node }) => {
    const before = await deadNode(world, node);
    const there = (await guestsOn(world, node)).filter((vm) => vm.node === node);
    return { before, vms: planMoves(world.cluster, node, there, world.selector) };
  },
  steps: ({ before, vms }) =>
    before.domain_state === 'flushed' && vms.length === 0
      ? []
      : [
          recordDomainState(before, 'flush'),
          moveVms(`start the VMs of ${before.name} elsewhere`, vms, {
            // One that is being shut down, or moved, is its job's until that ends; its own job then finds out whether it should run.
            find: (world, known) => guestsOn(world, before.name, known),
            isMeant: (vm) => vm.node === before.name && mayHaveGuest(vm),
            hasMoved: (vm) => vm.node !== before.name,
            opcode: (vm) => ({ OP_ID: VmEvacuate.id, vm, yes_i_really_mean_it: true }),
            atATime: AT_A_TIME,
          }),
          closeEmptied(before),
        ],
  result: ({ before }, done) => {
    const left = done.find(NODE_EMPTIED) ?? [];
    const state = left.length === 0 ? ('flushed' as const) : ('flush' as const);
    return { node: before.name, domain_state: state, vms: done.find(VMS_MOVED) ?? [], left };
  },
});
