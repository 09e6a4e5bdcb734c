// What the opcodes that empty a node, or bring VMs back to it, answer.
import Type from 'typebox';
import { NodeName, Uuid } from '../names.js';
import { DomainState } from '../resources/node.js';

export const NodeVms = Type.Object({
  node: NodeName,
  domain_state: DomainState,
  vms: Type.Array(
    Type.Object({
      uuid: Uuid,
      name: Type.String({ description: "the VM's name" }),
      job: Type.Union([Type.Integer(), Type.Null()], { description: 'the job that was to move it; null when it had gone by itself' }),
      node: Type.String({ description: 'the node it is on now; empty when it exists no more' }),
      error: Type.Union([Type.String(), Type.Null()], { description: 'why it was not moved; null when it was' }),
    }),
    { description: 'every VM that was to be moved' },
  ),
});
