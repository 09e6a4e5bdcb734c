// OP_NODE_PRIMARY
import { NodePrimary } from '../../schemas/opcodes/node-primary.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { awaitPrimary, coordinatorStateOf, wishForPrimary } from './coordinator.js';

export const nodePrimary = opcode(NodePrimary, {
  version: 1,
  locks: () => [exclusive.primaryWish()],
  check: async (world, { node }) => {
    const state = await coordinatorStateOf(world, node);
    return { node, isPrimary: state === 'primary', before: await world.election.wish() };
  },
  steps: ({ node, isPrimary, before }) =>
    isPrimary
      ? []
      : [
          wishForPrimary(`wish for ${node} as the primary`, { node }, before),
          awaitPrimary(`wait until ${node} is the primary`, (primary) => primary === node),
        ],
  result: ({ node }) => ({ node, coordinator_state: 'primary' as const }),
});
