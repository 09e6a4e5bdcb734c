// OP_VM_RESTART: a guest is shut down and started again (PVC: `state=restart`).
import Type from 'typebox';
import { VmReference } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';
import { VmShutdownResult } from './vm-result.js';

export const VmRestart = opcodeSchema({
  id: 'OP_VM_RESTART',
  title: 'Restart a VM',
  description:
    'Shuts the guest down as OP_VM_SHUTDOWN does and starts it again with its present definition. Fails with `wrong_state` when the ' +
    'VM is not in state `start`',
  summaryParameter: 'vm',
  subjects: { vm: ['vm'] },
  parameters: {
    vm: VmReference,
    timeout: Type.Optional(
      Type.Number({ minimum: 0, maximum: 3600, default: 90, description: 'seconds that the guest has to power off before it is forced' }),
    ),
  },
  result: VmShutdownResult,
});
