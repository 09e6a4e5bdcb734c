// OP_NODE_FLUSH: a node is emptied of its running VMs, for maintenance (PVC: `domain-state=flush`).
import { NodeName } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';
import { EmptiedNode } from './node-result.js';

export const NodeFlush = opcodeSchema({
  id: 'OP_NODE_FLUSH',
  title: 'Empty a node',
  description:
    'The node takes no more VMs, and each VM that runs there, or arrives meanwhile, is migrated away by a job of its own, two at a time. One ' +
    'that cannot be moved runs on where it is: result and log say why, and the opcode succeeds all the same. An empty node ends `flushed`; one on ' +
    'which guests are left stays `flush`, and the result lists them. ' +
    'Cancelled, the node ends in the state it had; what has moved stays where it is. A dry run lists for each VM where it would go or what ' +
    'blocks it. A node that is flushed and runs no VM is left alone. Fails with `unknown_entity` for a node that does not exist and ' +
    '`wrong_state` when it is dead',
  summaryParameter: 'node',
  subjects: { node: ['node'] },
  parameters: { node: NodeName },
  result: EmptiedNode,
});
