// OP_VM_DEFINE: the cluster learns a VM from libvirt XML (PVC: `POST /api/v1/vm`).
import Type from 'typebox';
import { DomainXml, NodeName, Selector, Uuid } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';

export const VmDefine = opcodeSchema({
  id: 'OP_VM_DEFINE',
  title: 'Define a VM',
  description:
    'Adds a VM to the cluster in state `stop`, on a node that is named or chosen. Fails with `already_exists` when the name or the ' +
    'UUID is taken, `unknown_entity` or `wrong_state` for a node that does not exist or is not ready, `insufficient_resources` ' +
    'when no node is ready.',
  summaryParameter: 'name',
  subjects: { vm: ['name', 'uuid'] },
  parameters: {
    xml: DomainXml,
    name: Type.Optional(Type.String({ minLength: 1, description: "must be the XML's name; filled in from the XML when it is left out" })),
    uuid: Type.Optional(
      Type.String({ ...Uuid, description: "must be the XML's UUID if that has one; when both are left out the VM gets a random one" }),
    ),
    node: Type.Optional(NodeName),
    selector: Type.Optional(Selector),
  },
  result: Type.Object({
    uuid: Uuid,
    name: Type.String({ description: "the VM's name" }),
    node: NodeName,
  }),
});
