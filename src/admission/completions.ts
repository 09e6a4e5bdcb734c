// What is settled about an opcode before it is queued, beyond its schema: by wire name, the opcodes that have something to settle.
import type { Opcode } from '../../schemas/job.js';
import { VmDefine } from '../../schemas/opcodes/vm-define.js';
import { VmModify } from '../../schemas/opcodes/vm-modify.js';
import { completeVmDefine } from './complete-vm-define.js';
import { completeVmModify } from './complete-vm-modify.js';

/** The opcode completed. Throws wrong_input whose pointers begin at the opcode's parameters. */
export type Completion = (op: Opcode) => Opcode;

export const COMPLETIONS: ReadonlyMap<string, Completion> = new Map<string, Completion>([
  [VmDefine.id, (op) => completeVmDefine(op as Parameters<typeof completeVmDefine>[0])],
  [VmModify.id, (op) => completeVmModify(op as Parameters<typeof completeVmModify>[0])],
]);
