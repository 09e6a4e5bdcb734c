// What a job is called in lists and by what it is found there, read off its opcodes as their schemas say.
import { opcodeById } from '../../schemas/opcodes/catalogue.js';
import type { Opcode } from '../../schemas/job.js';

/** An opcode in short: its wire name without `OP_` and the parameter that tells most: `VM_START(web1)`. */
export function summaryOf(op: Opcode): string {
  const name = op.OP_ID.replace(/^OP_/, '');
  const parameter = opcodeById(op.OP_ID)?.summaryParameter;
  const value = parameter === undefined ? undefined : op[parameter];
  if (value === undefined) return name;
  return `${name}(${typeof value === 'string' ? value : JSON.stringify(value)})`;
}

/** What an opcode works on, as the opcode names it: `['vm/web1']`. */
export function resourcesOf(op: Opcode): string[] {
  const subjects = opcodeById(op.OP_ID)?.subjects ?? {};
  return Object.entries(subjects).flatMap(([kind, parameters]) =>
    parameters.flatMap((parameter) => {
      const name = op[parameter];
      return typeof name === 'string' || typeof name === 'number' ? [`${kind}/${name}`] : [];
    }),
  );
}
