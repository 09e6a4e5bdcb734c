// OP_VM_STOP: a guest's power is cut (PVC: `state=stop`).
import { VmReference } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';
import { VmStateResult } from './vm-result.js';

export const VmStop = opcodeSchema({
  id: 'OP_VM_STOP',
  title: 'Stop a VM by force',
  description: "Cuts the guest's power at once. A VM that does not run is left alone",
  summaryParameter: 'vm',
  subjects: { vm: ['vm'] },
  parameters: {
    vm: VmReference,
  },
  result: VmStateResult,
});
