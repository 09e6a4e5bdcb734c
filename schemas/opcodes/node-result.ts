// What the opcodes that empty a node, or bring VMs back to it, answer.
import Type from 'typebox';
import { NodeName, Uuid } from '../names.js';
import { DomainState } from '../resources/node.js';

const name = Type.String({ description: "the VM's name" });

const nodeVms = {
  node: NodeName,
  domain_state: DomainState,
  vms: Type.Array(
    Type.Object({
      uuid: Uuid,
      name,
      job: Type.Union([Type.Integer(), Type.Null()], { description: 'the job that was to move it; null when it had gone by itself' }),
      node: Type.String({ description: 'the node it is on now; empty when it exists no more' }),
      error: Type.Union([Type.String(), Type.Null()], { description: 'why it was not moved; null when it was' }),
    }),
    { description: 'every VM that was to be moved' },
  ),
};

export const NodeVms = Type.Object(nodeVms);

export const EmptiedNode = Type.Object({
  ...nodeVms,
  domain_state: Type.Enum(['flushed', 'flush'], { description: '`flushed`: the node is empty; `flush`: guests are left' }),
  left: Type.Array(Type.Object({ uuid: Uuid, name }), {
    description:
      'the VMs that still have, or may have, a guest on the node; those that it was tried to move stand in `vms` with the reason',
  }),
});
