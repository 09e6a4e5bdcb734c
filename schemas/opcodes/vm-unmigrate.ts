// OP_VM_UNMIGRATE: a migrated VM returns to the node that it came from (PVC: `action=unmigrate`).
import { VmReference } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';
import { VmMigrationResult } from './vm-result.js';

export const VmUnmigrate = opcodeSchema({
  id: 'OP_VM_UNMIGRATE',
  title: 'Bring a migrated VM back',
  description:
    'Moves the guest, as OP_VM_MIGRATE does, to the node in `last_node`, which becomes empty. Fails with `wrong_state` when the VM has not been ' +
    'migrated or that node is neither ready nor being made ready, `insufficient_resources` when that node cannot hold its memory, and else as ' +
    'OP_VM_MIGRATE does',
  summaryParameter: 'vm',
  subjects: { vm: ['vm'] },
  parameters: { vm: VmReference },
  result: VmMigrationResult,
});
