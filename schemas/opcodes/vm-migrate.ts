// OP_VM_MIGRATE: a VM moves to another node for a time, and remembers where it came from (PVC: `action=migrate`).
import Type from 'typebox';
import { VmReference } from '../names.js';
import { Destination, DestinationSelector } from './destination.js';
import { opcodeSchema } from './opcode-schema.js';
import { VmMigrationResult } from './vm-result.js';

export const VmMigrate = opcodeSchema({
  id: 'OP_VM_MIGRATE',
  title: 'Migrate a VM',
  description:
    'Moves a running guest live to another node, or shuts it down and starts it there when it cannot be moved live (the log says which). A VM ' +
    'that does not run is only assigned to the other node. `last_node` becomes the node that it left. Fails with `wrong_state` when the VM has ' +
    'been migrated before (unless `force`), is there already, the named node is not ready, or its own node is dead and may still run it; ' +
    '`unknown_entity` for a node that does not exist; `insufficient_resources` when no node, or not the named one, can hold its memory, and ' +
    'the text says why for each; `environment_error` when the migration fails, and the guest runs on where it was. While it is under way ' +
    '`progress` tells how many bytes have gone; cancelled, the guest stays or is brought back',
  summaryParameter: 'vm',
  subjects: { vm: ['vm'], node: ['node'] },
  parameters: {
    vm: VmReference,
    node: Type.Optional(Destination),
    selector: Type.Optional(DestinationSelector),
    force: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'also when it has been migrated before; `last_node` stays the first one, and is forgotten once it is back there',
      }),
    ),
  },
  result: VmMigrationResult,
});
