// OP_NODE_PRIMARY: make a node the primary (PVC: `coordinator-state=primary`).
import Type from 'typebox';
import { NodeName } from '../names.js';
import { CoordinatorState } from '../resources/node.js';
import { opcodeSchema } from './opcode-schema.js';

export const NodePrimary = opcodeSchema({
  id: 'OP_NODE_PRIMARY',
  title: 'Make a node the primary',
  description:
    'The node becomes the primary coordinator; the one that was steps down first. A node that is the primary already is left alone. Fails with `unknown_entity` ' +
    'for a node that does not exist, `wrong_state` for one that is dead or no coordinator, and `environment_error` when the election ' +
    'takes too long',
  summaryParameter: 'node',
  subjects: { node: ['node'] },
  parameters: { node: NodeName },
  result: Type.Object({ node: NodeName, coordinator_state: CoordinatorState }),
});
