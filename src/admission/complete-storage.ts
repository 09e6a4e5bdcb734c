// The storage's opcodes before they are queued: sizes become bytes, and what can never succeed is refused at once.
import type { Opcode } from '../../schemas/job.js';
import type { ParametersOf } from '../../schemas/opcodes/opcode-schema.js';
import type { PoolAdd } from '../../schemas/opcodes/pool-add.js';
import type { SnapshotRename } from '../../schemas/opcodes/snapshot-rename.js';
import type { VolumeAdd } from '../../schemas/opcodes/volume-add.js';
import type { VolumeClone } from '../../schemas/opcodes/volume-clone.js';
import type { VolumeRename } from '../../schemas/opcodes/volume-rename.js';
import { bytesOf } from '../validation/volume-size.js';
import { wrongInput } from '../validation/wrong-input.js';

/** `size` becomes a number of bytes. */
export function completeSize(op: Opcode & Pick<ParametersOf<typeof VolumeAdd>, 'size'>): Opcode {
  const size = bytesOf(op.size);
  if (typeof size !== 'number') throw wrongInput([{ pointer: '/size', message: size.fault }]);
  return { ...op, size };
}

/** One copy may be away, if there are more. */
export const usualMincopies = (copies: number): number => Math.min(2, copies);

/** Fills in `mincopies`. Throws wrong_input when writes would need more copies than there are. */
export function completePoolAdd(op: Opcode & ParametersOf<typeof PoolAdd>): Opcode {
  const { copies = 0, mincopies = usualMincopies(copies) } = op;
  if (mincopies > copies) throw wrongInput([{ pointer: '/mincopies', message: `must be at most copies, ${copies}` }]);
  return { ...op, mincopies };
}

/** The opcode as it is. Throws wrong_input when the new name is the old one. */
export function completeVolumeRename(op: Opcode & ParametersOf<typeof VolumeRename>): Opcode {
  return renamed(op, op.volume);
}

/** The opcode as it is. Throws wrong_input when the new name is the old one. */
export function completeSnapshotRename(op: Opcode & ParametersOf<typeof SnapshotRename>): Opcode {
  return renamed(op, op.snapshot);
}

function renamed(op: Opcode & { new_name: string }, name: string): Opcode {
  if (op.new_name === name) throw wrongInput([{ pointer: '/new_name', message: 'is the name that it has' }]);
  return op;
}

/** Fills in `new_pool`. Throws wrong_input when the new volume would be its own source. */
export function completeVolumeClone(op: Opcode & ParametersOf<typeof VolumeClone>): Opcode {
  const { new_pool = op.pool } = op;
  if (new_pool === op.pool && op.new_name === op.volume) throw wrongInput([{ pointer: '/new_name', message: 'is the name of the source' }]);
  return { ...op, new_pool };
}
