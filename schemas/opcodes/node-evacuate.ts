// OP_NODE_EVACUATE: the VMs of a node that has failed are started elsewhere.
import Type from 'typebox';
import { NodeName } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';
import { EmptiedNode } from './node-result.js';

/** Without it nothing is done: only the operator can know that the node's guests are really gone. */
export const ReallyMeanIt = Type.Literal(true, {
  description: 'must be true: the guests of the node must really be off (its power is), because nothing here can see it',
});

export const NodeEvacuate = opcodeSchema({
  id: 'OP_NODE_EVACUATE',
  title: 'Restart the VMs of a dead node elsewhere',
  description:
    'Each VM that should run on the node is started on another one, by a job of its own, four at a time. One that cannot be stays assigned to ' +
    'the node: result and log say why, and the opcode succeeds all the same. The node ends `flushed`, or stays `flush` while VMs are left there that may have a guest, so that it takes no VMs ' +
    'when it is back, until OP_NODE_READY brings its own ones back. Fails with `unknown_entity` for a node that does not exist and `wrong_state` when its agent or its libvirt ' +
    'still answers. A dry run lists for each VM where it would go or what blocks it',
  summaryParameter: 'node',
  subjects: { node: ['node'] },
  parameters: { node: NodeName, yes_i_really_mean_it: ReallyMeanIt },
  result: EmptiedNode,
});
