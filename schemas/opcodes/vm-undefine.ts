// OP_VM_UNDEFINE: a VM leaves the cluster (PVC: `DELETE /api/v1/vm/<vm>`).
import Type from 'typebox';
import { Uuid, VmReference } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';

export const VmUndefine = opcodeSchema({
  id: 'OP_VM_UNDEFINE',
  title: 'Undefine a VM',
  description: "Cuts the guest's power if it runs and removes the VM from the cluster; its disks stay",
  summaryParameter: 'vm',
  subjects: { vm: ['vm'] },
  parameters: {
    vm: VmReference,
  },
  result: Type.Object({ uuid: Uuid, name: Type.String({ description: "the VM's name" }) }),
});
