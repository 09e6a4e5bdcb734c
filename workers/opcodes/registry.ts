// The opcodes that a worker runs, by wire name.
import type { OpcodeDefinition } from '../engine/opcode.js';
import { testDelay } from './test-delay.js';
import { vmDefine } from './vm-define.js';
import { vmDisable } from './vm-disable.js';
import { vmModify } from './vm-modify.js';
import { vmRestart } from './vm-restart.js';
import { vmShutdown } from './vm-shutdown.js';
import { vmStart } from './vm-start.js';
import { vmStop } from './vm-stop.js';
import { vmUndefine } from './vm-undefine.js';

const DEFINITIONS = [testDelay, vmDefine, vmDisable, vmModify, vmRestart, vmShutdown, vmStart, vmStop, vmUndefine];

export const opcodes: ReadonlyMap<string, OpcodeDefinition> = new Map(DEFINITIONS.map((definition) => [definition.id, definition]));
