// OP_NODE_FLUSH
import { NodeFlush } from '../../schemas/opcodes/node-flush.js';
import { VmMigrate } from '../../schemas/opcodes/vm-migrate.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { planMoves } from '../placement/plan-moves.js';
import { moveVms, VMS_MOVED } from '../steps/move-vms.js';
import { recordDomainState } from '../steps/node-domain-state.js';
import { hasGuest, livingNode } from '../placement/node-life.js';

const AT_A_TIME = 2;

export const nodeFlush = opcode(NodeFlush, {
  version: 1,
  locks: ({ node }) => [exclusive.nodeMaintenance(node)],
  check: async (world, { node }) => {
    const before = await livingNode(world, node);
    const there = [...world.cluster.vms()].filter((vm) => vm.node === node && hasGuest(vm));
    return { before, vms: planMoves(world.cluster, node, there, world.selector) };
  },
  steps: ({ before, vms }) =>
    before.domain_state === 'flushed' && vms.length === 0
      ? []
      : [
          recordDomainState(before, 'flush'),
          moveVms(`migrate the VMs of ${before.name} away`, vms, {
            isMeant: (vm) => vm.node === before.name && hasGuest(vm),
            isComing: (vm) => vm.target_node === before.name,
            hasMoved: (vm) => vm.node !== before.name,
            // A VM that was migrated before keeps the node that it came from first.
            opcode: (vm) => ({ OP_ID: VmMigrate.id, vm, force: true }),
            atATime: AT_A_TIME,
          }),
          recordDomainState(before, 'flushed'),
        ],
  result: ({ before }, done) => ({ node: before.name, domain_state: 'flushed' as const, vms: done.find(VMS_MOVED) ?? [] }),
});
