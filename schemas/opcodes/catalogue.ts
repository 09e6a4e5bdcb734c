// Every opcode there is. An opcode that is not listed here can neither be asked for nor run.
import { NodeEvacuate } from './node-evacuate.js';
import { NodeFlush } from './node-flush.js';
import { NodePrimary } from './node-primary.js';
import { NodeReady } from './node-ready.js';
import { NodeSecondary } from './node-secondary.js';
import { STORAGE_OPCODES } from './storage-catalogue.js';
import { TestDelay } from './test-delay.js';
import { VmDefine } from './vm-define.js';
import { VmDisable } from './vm-disable.js';
import { VmEvacuate } from './vm-evacuate.js';
import { VmMigrate } from './vm-migrate.js';
import { VmModify } from './vm-modify.js';
import { VmMove } from './vm-move.js';
import { VmRestart } from './vm-restart.js';
import { VmShutdown } from './vm-shutdown.js';
import { VmStart } from './vm-start.js';
import { VmStop } from './vm-stop.js';
import { VmUndefine } from './vm-undefine.js';
import { VmUnmigrate } from './vm-unmigrate.js';
import type { OpcodeSchema } from './opcode-schema.js';

export const OPCODES: readonly OpcodeSchema[] = [
  NodeEvacuate,
  NodeFlush,
  NodePrimary,
  NodeReady,
  NodeSecondary,
  ...STORAGE_OPCODES,
  TestDelay,
  VmDefine,
  VmDisable,
  VmEvacuate,
  VmMigrate,
  VmModify,
  VmMove,
  VmRestart,
  VmShutdown,
  VmStart,
  VmStop,
  VmUndefine,
  VmUnmigrate,
];

const byId = new Map(OPCODES.map((opcode) => [opcode.id, opcode]));

/** The opcode of that wire name, if there is one. */
export function opcodeById(id: string): OpcodeSchema | undefined {
  return byId.get(id);
}
