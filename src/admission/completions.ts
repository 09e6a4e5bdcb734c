// What is settled about an opcode before it is queued, beyond its schema: by wire name, the opcodes that have something to settle.
import type { Opcode } from '../../schemas/job.js';
import type { OpcodeSchema, ParametersOf } from '../../schemas/opcodes/opcode-schema.js';
import { PoolAdd } from '../../schemas/opcodes/pool-add.js';
import { SnapshotRename } from '../../schemas/opcodes/snapshot-rename.js';
import { VmCreate } from '../../schemas/opcodes/vm-create.js';
import { VmDefine } from '../../schemas/opcodes/vm-define.js';
import { VmModify } from '../../schemas/opcodes/vm-modify.js';
import { VolumeAdd } from '../../schemas/opcodes/volume-add.js';
import { VolumeClone } from '../../schemas/opcodes/volume-clone.js';
import { VolumeRename } from '../../schemas/opcodes/volume-rename.js';
import { VolumeResize } from '../../schemas/opcodes/volume-resize.js';
import { completePoolAdd, completeSize, completeSnapshotRename, completeVolumeClone, completeVolumeRename } from './complete-storage.js';
import { completeVmCreate } from './complete-vm-create.js';
import { completeVmDefine } from './complete-vm-define.js';
import { completeVmModify } from './complete-vm-modify.js';

/** The opcode completed. Throws wrong_input whose pointers begin at the opcode's parameters. */
type Completion = (op: Opcode) => Opcode;

function completion<S extends OpcodeSchema>(schema: S, complete: (op: Opcode & ParametersOf<S>) => Opcode): [string, Completion] {
  // An opcode is completed only after it has passed its schema.
  return [schema.id, (op) => complete(op as Opcode & ParametersOf<S>)];
}

export const COMPLETIONS: ReadonlyMap<string, Completion> = new Map([
  completion(PoolAdd, completePoolAdd),
  completion(SnapshotRename, completeSnapshotRename),
  completion(VmCreate, completeVmCreate),
  completion(VmDefine, completeVmDefine),
  completion(VmModify, completeVmModify),
  completion(VolumeAdd, completeSize),
  completion(VolumeClone, completeVolumeClone),
  completion(VolumeRename, completeVolumeRename),
  completion(VolumeResize, completeSize),
]);
