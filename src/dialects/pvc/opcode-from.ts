// An opcode whose parameters are called as a route's values are.
import type { Opcode } from '../../../schemas/job.js';
import type { OpcodeSchema } from '../../../schemas/opcodes/opcode-schema.js';

/** The opcode with those of the values that are parameters of it; what belongs to the submission is left out. */
export function opcodeFrom({ id, parameters }: OpcodeSchema, values: Record<string, unknown>): Opcode {
  const own = Object.entries(values).filter(([name, value]) => value !== undefined && Object.hasOwn(parameters.properties, name));
  return { ...Object.fromEntries(own), OP_ID: id };
}
