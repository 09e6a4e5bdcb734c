// OP_VM_MOVE: a VM moves to another node for good (PVC: `action=move`, or `migrate` with `permanent`).
import Type from 'typebox';
import { VmReference } from '../names.js';
import { Destination, DestinationSelector } from './destination.js';
import { opcodeSchema } from './opcode-schema.js';
import { VmMigrationResult } from './vm-result.js';

export const VmMove = opcodeSchema({
  id: 'OP_VM_MOVE',
  title: 'Move a VM for good',
  description:
    'As OP_VM_MIGRATE, but the former node is forgotten: `last_node` becomes empty, also when the VM had been migrated before. Fails as ' +
    'OP_VM_MIGRATE does, except that an earlier migration is no obstacle',
  summaryParameter: 'vm',
  subjects: { vm: ['vm'], node: ['node'] },
  parameters: { vm: VmReference, node: Type.Optional(Destination), selector: Type.Optional(DestinationSelector) },
  result: VmMigrationResult,
});
