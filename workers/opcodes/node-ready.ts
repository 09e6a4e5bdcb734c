// OP_NODE_READY
import { NodeReady } from '../../schemas/opcodes/node-ready.js';
import { VmUnmigrate } from '../../schemas/opcodes/vm-unmigrate.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { byName } from '../placement/plan-moves.js';
import { moveVms, VMS_MOVED } from '../steps/move-vms.js';
import { recordDomainState } from '../steps/node-domain-state.js';
import { livingNode } from '../placement/node-life.js';

const AT_A_TIME = 2;

export const nodeReady = opcode(NodeReady, {
  version: 1,
  locks: ({ node }) => [exclusive.nodeMaintenance(node)],
  check: async (world, { node }) => {
    const before = await livingNode(world, node);
    const away = [...world.cluster.vms()].filter((vm) => vm.last_node === node);
    return { before, vms: byName(away).map(({ uuid, name, node: from }) => ({ uuid, name, from })) };
  },
  steps: ({ before, vms }) =>
    before.domain_state === 'ready' && vms.length === 0
      ? []
      : [
          recordDomainState(before, 'unflush'),
          moveVms(`bring the VMs of ${before.name} back`, vms, {
            find: async ({ cluster }) => [...cluster.vms()],
            isMeant: (vm) => vm.last_node === before.name,
            hasMoved: (vm) => vm.node === before.name,
            opcode: (vm) => ({ OP_ID: VmUnmigrate.id, vm }),
            atATime: AT_A_TIME,
          }),
          recordDomainState(before, 'ready'),
        ],
  result: ({ before }, done) => ({ node: before.name, domain_state: 'ready' as const, vms: done.find(VMS_MOVED) ?? [] }),
});
