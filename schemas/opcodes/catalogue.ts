// Every opcode there is. An opcode that is not listed here can neither be asked for nor run.
import { TestDelay } from './test-delay.js';
import { VmDefine } from './vm-define.js';
import { VmDisable } from './vm-disable.js';
import { VmModify } from './vm-modify.js';
import { VmRestart } from './vm-restart.js';
import { VmShutdown } from './vm-shutdown.js';
import { VmStart } from './vm-start.js';
import { VmStop } from './vm-stop.js';
import { VmUndefine } from './vm-undefine.js';
import type { OpcodeSchema } from './opcode-schema.js';

export const OPCODES: readonly OpcodeSchema[] = [
  TestDelay,
  VmDefine,
  VmDisable,
  VmModify,
  VmRestart,
  VmShutdown,
  VmStart,
  VmStop,
  VmUndefine,
];

const byId = new Map(OPCODES.map((opcode) => [opcode.id, opcode]));

/** The opcode of that wire name, if there is one. */
export function opcodeById(id: string): OpcodeSchema | undefined {
  return byId.get(id);
}
