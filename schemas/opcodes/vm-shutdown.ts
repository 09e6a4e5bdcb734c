// OP_VM_SHUTDOWN: a guest powers off by itself, or is forced after a time (PVC: `state=shutdown`).
import Type from 'typebox';
import { VmReference } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';
import { VmShutdownResult } from './vm-result.js';

export const VmShutdown = opcodeSchema({
  id: 'OP_VM_SHUTDOWN',
  title: 'Shut a VM down',
  description:
    'Asks the guest to power off (ACPI), waits, and cuts its power when the time is over; the log says which it was. Fails with ' +
    '`wrong_state` when the VM is not in state `start`',
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
