// OP_NODE_READY: a node takes VMs again, and gets those back that were migrated away (PVC: `domain-state=ready`).
import { NodeName } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';
import { NodeVms } from './node-result.js';

export const NodeReady = opcodeSchema({
  id: 'OP_NODE_READY',
  title: 'Put a node back to service',
  description:
    'Each VM whose `last_node` it is comes back by a job of its own, two at a time; then the node takes other VMs again too. One that cannot ' +
    'come back stays where it is: result and log say why, the opcode succeeds all the same, and the node ends `ready`. Cancelled, the node ' +
    'ends in the state it had; what has come back stays. A node that is ready and has no VM elsewhere is left alone. Fails with ' +
    '`unknown_entity` for a node that does not exist and `wrong_state` when it is dead',
  summaryParameter: 'node',
  subjects: { node: ['node'] },
  parameters: { node: NodeName },
  result: NodeVms,
});
