// The jobs that a job has submitted itself: how its record names them, each under a key of the opcode that did it, so that no child is made twice.
import type { StoredFields } from './record.js';

const PREFIX = 'child:';

const prefixOf = (opcode: number): string => `${PREFIX}${opcode}:`;

/** The field of the parent's record that holds the child's ID. */
export const childField = (opcode: number, key: string): string => `${prefixOf(opcode)}${key}`;

/** The children of one of its opcodes, by key. */
export function childrenOf(fields: StoredFields, opcode: number): ReadonlyMap<string, number> {
  const prefix = prefixOf(opcode);
  const own = Object.entries(fields).filter(([name]) => name.startsWith(prefix));
  return new Map(own.map(([name, id]) => [name.slice(prefix.length), Number(id)]));
}

/** All children, in the order in which they were submitted. */
export function childrenIn(fields: StoredFields): number[] {
  const all = Object.entries(fields).flatMap(([name, id]) => (name.startsWith(PREFIX) ? [Number(id)] : []));
  return all.toSorted((one, other) => one - other);
}
