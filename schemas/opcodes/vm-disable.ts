// OP_VM_DISABLE: a stopped VM is marked as not meant to run (PVC: `state=disable`).
import { VmReference } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';
import { VmStateResult } from './vm-result.js';

export const VmDisable = opcodeSchema({
  id: 'OP_VM_DISABLE',
  title: 'Disable a VM',
  description:
    'Marks a stopped VM as one that is not meant to run; starting it ends that. Fails with `wrong_state` when the VM is not stopped',
  summaryParameter: 'vm',
  subjects: { vm: ['vm'] },
  parameters: {
    vm: VmReference,
  },
  result: VmStateResult,
});
