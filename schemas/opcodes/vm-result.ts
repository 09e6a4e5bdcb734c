// What the opcodes that change a VM's state answer.
import Type from 'typebox';
import { Uuid } from '../names.js';
import { VmState } from '../resources/vm.js';

export const VmStateResult = Type.Object({ uuid: Uuid, state: VmState });

export const VmShutdownResult = Type.Object({
  uuid: Uuid,
  state: VmState,
  forced: Type.Boolean({ description: 'whether the power had to be cut' }),
});
