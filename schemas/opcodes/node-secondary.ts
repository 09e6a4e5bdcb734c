// OP_NODE_SECONDARY: take the primary from a node (PVC: `coordinator-state=secondary`).
import Type from 'typebox';
import { NodeName } from '../names.js';
import { CoordinatorState } from '../resources/node.js';
import { opcodeSchema } from './opcode-schema.js';

export const NodeSecondary = opcodeSchema({
  id: 'OP_NODE_SECONDARY',
  title: 'Take the primary from a node',
  description:
    'The node steps down, and another coordinator becomes the primary. A node that is not the primary is left alone. Fails with `unknown_entity` ' +
    'for a node that does not exist, `wrong_state` for one that is dead or no coordinator, or when no other coordinator lives, and `environment_error` when the election ' +
    'takes too long',
  summaryParameter: 'node',
  subjects: { node: ['node'] },
  parameters: { node: NodeName },
  result: Type.Object({ node: NodeName, coordinator_state: CoordinatorState }),
});
