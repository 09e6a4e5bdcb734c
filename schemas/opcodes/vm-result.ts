// What the opcodes that change a VM's state answer.
import Type from 'typebox';
import { NodeName, Uuid } from '../names.js';
import { VmState } from '../resources/vm.js';

export const VmStateResult = Type.Object({ uuid: Uuid, state: VmState });

export const VmShutdownResult = Type.Object({
  uuid: Uuid,
  state: VmState,
  forced: Type.Boolean({ description: 'whether the power had to be cut' }),
});

export const VmMigrationResult = Type.Object({
  uuid: Uuid,
  node: NodeName,
  last_node: Type.String({ description: 'the node that it will return to, or an empty text' }),
  method: Type.Enum(['live', 'cold', 'assigned'], {
    description: '`live`: it ran all the time; `cold`: it was shut down and started there; `assigned`: it did not run',
  }),
});
