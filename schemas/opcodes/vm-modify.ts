// OP_VM_MODIFY: a VM gets another definition (PVC: `PUT /api/v1/vm/<vm>`).
import Type from 'typebox';
import { DomainXml, Uuid, VmReference } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';

export const VmModify = opcodeSchema({
  id: 'OP_VM_MODIFY',
  title: 'Replace the definition of a VM',
  description:
    'Replaces the XML. A running guest goes on with the old one until it is restarted. Fails with `wrong_input` when the XML names ' +
    'another UUID, `wrong_state` when it renames a VM that is not stopped, `already_exists` when the new name is taken',
  summaryParameter: 'vm',
  subjects: { vm: ['vm'] },
  parameters: {
    vm: VmReference,
    xml: DomainXml,
    restart: Type.Optional(Type.Boolean({ default: false, description: 'restart the guest with the new definition, if it runs' })),
  },
  result: Type.Object({
    uuid: Uuid,
    name: Type.String({ description: "the VM's name" }),
    restarted: Type.Boolean({ description: 'whether the guest was restarted' }),
  }),
});
