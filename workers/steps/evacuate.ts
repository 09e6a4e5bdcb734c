// Steps that start a VM of a dead node elsewhere, without touching that node. The guest must never run twice: the VM is assigned to its new node
// before it is started there, and given back only when it is certain that it does not run there.
import { READY, sizeOf, type Claiming } from '../../src/cluster/claims.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';
import { deadNode } from '../placement/node-life.js';
import { createDomain } from './domain.js';
import { isUp } from '../drivers/hypervisor.js';
import { sight } from './whereabouts.js';

/** The dead node becomes `last_node`, to which OP_NODE_READY brings it back; a VM that was away from its node already returns to that one. */
async function assign({ world, signal }: StepContext, before: VmDocument, to: string, claiming?: Claiming): Promise<void> {
  const last_node = before.last_node || before.node;
  const elsewhere = (document: VmDocument): VmDocument => ({ ...document, node: to, last_node, target_node: '', state: 'migrate' });
  await world.vms.update(before.uuid, elsewhere, signal, claiming);
}

async function giveBack({ world, signal }: StepContext, before: VmDocument): Promise<void> {
  const { uuid, node, last_node, target_node, state, failed_reason } = before;
  await world.vms.update(uuid, (document) => ({ ...document, node, last_node, target_node, state, failed_reason }), signal);
}

export const assignElsewhere = (before: VmDocument, to: string): Step =>
  step('assign-elsewhere', `assign the VM to ${to}`, {
    reserves: true,
    run: (context) => assign(context, before, to, { size: sizeOf(before), admits: READY }),
    undo: async (context) => {
      // Given back, it would be started elsewhere by whoever evacuates it next.
      if (isUp(await sight(context.world, to, before.uuid))) {
        throw new ClassifiedError('environment_error', `the guest of VM "${before.name}" runs on ${to}`);
      }
      await giveBack(context, before);
    },
  });

/** The guest runs there already. */
export const adoptElsewhere = (before: VmDocument, to: string): Step =>
  step('adopt-elsewhere', `assign the VM to ${to}, where it runs`, {
    run: (context) => assign(context, before, to),
    undo: (context) => giveBack(context, before),
  });

/** Looks once more whether the old node is dead, right before it starts the guest. */
export const createElsewhere = (before: VmDocument, to: string): Step => {
  const create = createDomain({ ...before, node: to });
  return {
    ...create,
    run: async (context) => {
      if (!isUp(await sight(context.world, to, before.uuid))) await deadNode(context.world, before.node);
      await create.run(context);
    },
  };
};
