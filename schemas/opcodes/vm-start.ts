// OP_VM_START: a defined VM runs on its node (PVC: `POST /api/v1/vm/<vm>/state`, `state=start`).
import { VmReference } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';
import { VmStateResult } from './vm-result.js';

export const VmStart = opcodeSchema({
  id: 'OP_VM_START',
  title: 'Start a VM',
  description:
    "Creates the domain on the VM's node. A VM that runs already is left alone. Fails with `wrong_state` when the node is not ready, " +
    '`insufficient_resources` when the node cannot hold it',
  summaryParameter: 'vm',
  subjects: { vm: ['vm'] },
  parameters: {
    vm: VmReference,
  },
  result: VmStateResult,
});
