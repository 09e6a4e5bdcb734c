// What is settled about an opcode before it is queued, beyond its schema: by wire name, the opcodes that have something to settle.
import type { Opcode } from '../../schemas/job.js';
import type { OpcodeSchema, ParametersOf } from '../../schemas/opcodes/opcode-schema.js';
import { VmDefine } from '../../schemas/opcodes/vm-define.js';
import { VmModify } from '../../schemas/opcodes/vm-modify.js';
import { completeVmDefine } from './complete-vm-define.js';
import { completeVmModify } from './complete-vm-modify.js';

/** The opcode completed. Throws wrong_input whose pointers begin at the opcode's parameters. */
type Completion = (op: Opcode) => Opcode;

function completion<S extends OpcodeSchema>(schema: S, complete: (op: Opcode & ParametersOf<S>) => Opcode): [string, Completion] {
  // An opcode is completed only after it has passed its schema.
  return [schema.id, (op) => complete(op as Opcode & ParametersOf<S>)];
}

export const COMPLETIONS: ReadonlyMap<string, Completion> = new Map([
  completion(VmDefine, completeVmDefine),
  completion(VmModify, completeVmModify),
]);
