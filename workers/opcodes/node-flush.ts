// OP_NODE_FLUSH
import { NodeFlush } from '../../schemas/opcodes/node-flush.js';
import { VmMigrate } from '../../schemas/opcodes/vm-migrate.js';
import { mayHaveGuest } from '../../src/cluster/vm-states.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { guestsOn } from '../placement/guests-on.js';
import { planMoves } from '../placement/plan-moves.js';
import { moveVms, VMS_MOVED } from '../steps/move-vms.js';
import { closeEmptied, NODE_EMPTIED, recordDomainState } from '../steps/node-domain-state.js';
import { livingNode } from '../placement/node-life.js';

const AT_A_TIME = 2;

export const nodeFlush = opcode(NodeFlush, {
  version: 1,
  locks: ({ node }) => [exclusive.nodeMaintenance(node)],
  check: async (world, { node }) => {
    const before = await livingNode(world, node);
    const there = (await guestsOn(world, node)).filter((vm) => vm.node === node);
    return { before, vms: planMoves(world.cluster, node, there, world.selector) };
  },
  steps: ({ before, vms }) =>
    before.domain_state === 'flushed' && vms.length === 0
      ? []
      : [
          recordDomainState(before, 'flush'),
          moveVms(`migrate the VMs of ${before.name} away`, vms, {
            find: (world, known) => guestsOn(world, before.name, known),
            isMeant: (vm) => vm.node === before.name && mayHaveGuest(vm),
            isComing: (vm) => vm.target_node === before.name,
            hasMoved: (vm) => vm.node !== before.name,
            // A VM that was migrated before keeps the node that it came from first.
            opcode: (vm) => ({ OP_ID: VmMigrate.id, vm, force: true }),
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
