// OP_VM_START: a defined VM runs on its node (PVC: `POST /api/v1/vm/<vm>/state`, `state=start`).
import Type from 'typebox';
import { VmReference } from '../names.js';
import { VmState } from '../resources/vm.js';
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
    expected_state: Type.Optional(
      Type.Enum([...VmState.enum], { description: 'only if the VM is in this state by then; else `wrong_state`' }),
    ),
  },
  result: VmStateResult,
});
