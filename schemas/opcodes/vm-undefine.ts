// OP_VM_UNDEFINE: a VM leaves the cluster (PVC: `DELETE /api/v1/vm/<vm>`).
import Type from 'typebox';
import { Uuid, VmReference } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';
import { RemovedVolume } from './volume-result.js';

export const VmUndefine = opcodeSchema({
  id: 'OP_VM_UNDEFINE',
  title: 'Undefine a VM',
  description:
    "Cuts the guest's power if it runs and removes the VM from the cluster; its disks stay unless `delete_disks`. Fails then with `wrong_state` " +
    'when the VM is not stopped, when another VM has one of the volumes, or a client has one open. A failure says which volumes are left; the VM is then still there',
  summaryParameter: 'vm',
  subjects: { vm: ['vm'] },
  parameters: {
    vm: VmReference,
    delete_disks: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'also remove the RBD volumes that are its own disks; the VM must be stopped. What a guest can only read or that is shareable, a snapshot, ' +
          'what a disk is laid over, and what is in an RBD namespace or in a pool that the cluster does not know stays',
      }),
    ),
  },
  result: Type.Object({
    uuid: Uuid,
    name: Type.String({ description: "the VM's name" }),
    volumes: Type.Array(RemovedVolume, { description: 'the volumes that were removed with it' }),
    kept: Type.Array(
      Type.Object({
        name: Type.String({ description: 'as the XML names it: `images/debian`, `/iso/debian.iso`' }),
        dev: Type.Union([Type.String(), Type.Null()], { description: 'the device in the guest' }),
        why: Type.String({ description: 'why it stays' }),
      }),
      { description: 'with `delete_disks`: what its disks were that is there still' },
    ),
  }),
});
