// OP_NODE_SECONDARY
import { NodeSecondary } from '../../schemas/opcodes/node-secondary.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { awaitPrimary, coordinatorStateOf, wishForPrimary } from './coordinator.js';

export const nodeSecondary = opcode(NodeSecondary, {
  version: 1,
  locks: () => [exclusive.primaryWish()],
  check: async (world, { node }) => {
    const isPrimary = (await coordinatorStateOf(world, node)) === 'primary';
    if (isPrimary && !(await world.election.hasOther(node))) {
      throw new ClassifiedError('wrong_state', `no other coordinator is active that could take over from node "${node}"`);
    }
    return { node, isPrimary, before: await world.election.wish() };
  },
  steps: ({ node, isPrimary, before }) =>
    isPrimary
      ? [
          wishForPrimary(`wish for another primary than ${node}`, { notNode: node }, before),
          awaitPrimary(`wait until another node than ${node} is the primary`, (primary) => primary !== node),
        ]
      : [],
  result: ({ node }) => ({ node, coordinator_state: 'secondary' as const }),
});
