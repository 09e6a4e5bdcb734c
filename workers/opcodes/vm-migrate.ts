// OP_VM_MIGRATE
import { VmMigrate } from '../../schemas/opcodes/vm-migrate.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { busyNodes, moveResult, moveSteps, planMove } from './moving.js';

export const vmMigrate = opcode(VmMigrate, {
  version: 1,
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm, node, selector, force = false }) => {
    const document = await world.vms.get(vm);
    const { name, last_node: first } = document;
    if (first !== '' && !force && node !== document.node) {
      const text = `VM "${name}" has been migrated before: it is on node "${document.node}" and came from "${first}" (force migrates it all the same)`;
      throw new ClassifiedError('wrong_state', text);
    }
    // Back where it came from, it has not been migrated any more.
    const lastNodeAt = (target: string) => (target === first ? '' : first || document.node);
    return await planMove(world, document, { node, selector }, lastNodeAt);
  },
  nodes: busyNodes,
  steps: moveSteps,
  result: moveResult,
});
