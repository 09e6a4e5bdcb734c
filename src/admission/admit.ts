// The gate before the queue: what is wrong with an opcode in itself is said now, in the answer to the request, not later in a job.
import { opcodeById, OPCODES } from '../../schemas/opcodes/catalogue.js';
import type { Opcode } from '../../schemas/job.js';
import { ClassifiedError, type Fault } from '../errors/classified-error.js';
import { isJsonObject } from '../validation/json-object.js';
import { faultsIn, prepare } from '../validation/validate.js';
import { wrongInput } from '../validation/wrong-input.js';
import { COMPLETIONS } from './completions.js';

for (const { parameters } of OPCODES) prepare(parameters);

type Outcome = { op: Opcode; faults: [] } | { op?: never; faults: Fault[] };

function admitOne(given: unknown): Outcome {
  if (!isJsonObject(given)) return { faults: [{ pointer: '', message: 'must be an object with OP_ID and parameters' }] };
  // A copy: defaults are filled in, and the request is still needed as it came.
  const { OP_ID: id, ...parameters } = given;
  if (typeof id !== 'string') return { faults: [{ pointer: '/OP_ID', message: id === undefined ? 'is missing' : 'must be a text' }] };
  const opcode = opcodeById(id);
  if (opcode === undefined) return { faults: [{ pointer: '/OP_ID', message: `there is no opcode ${JSON.stringify(id.slice(0, 60))}` }] };
  const faults = faultsIn(opcode.parameters, parameters);
  return faults.length > 0 ? { faults } : completed({ OP_ID: id, ...parameters });
}

function completed(op: Opcode): Outcome {
  try {
    return { op: COMPLETIONS.get(op.OP_ID)?.(op) ?? op, faults: [] };
  } catch (error) {
    if (error instanceof ClassifiedError && error.faults.length > 0) return { faults: error.faults };
    throw error;
  }
}

/**
 * The opcodes, checked against their schemas, with defaults filled in and completed. Throws wrong_input with every fault of every opcode;
 * `pointerTo` says where in the request an opcode's parameters stand.
 */
export function admit(ops: unknown, pointerTo = (index: number): string => `/ops/${index}`): Opcode[] {
  if (!Array.isArray(ops) || ops.length === 0) throw wrongInput([{ pointer: '/ops', message: 'must be a list of at least one opcode' }]);
  const outcomes = ops.map(admitOne);
  const faults = outcomes.flatMap((outcome, index) =>
    outcome.faults.map(({ pointer, message }) => ({ pointer: `${pointerTo(index)}${pointer}`, message })),
  );
  if (faults.length > 0) throw wrongInput(faults);
  return outcomes.flatMap(({ op }) => (op === undefined ? [] : [op]));
}
