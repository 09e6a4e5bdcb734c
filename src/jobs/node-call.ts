// What is said between who asks something of a node and the agent there, and how its answer travels: as JSON, failures by class and public text.
import type { ErrorClass } from '../../schemas/error-class.js';
import type { LockEntry } from '../cluster/fence.js';
import { ClassifiedError } from '../errors/classified-error.js';

export interface NodeCall {
  method: string;
  /** Plain JSON. */
  args: readonly unknown[];
  /** The entries of the locks in whose name something is changed; absent when it only looks. */
  fence?: readonly LockEntry[];
}

/** A call as it is stored. */
export interface StoredCall extends NodeCall {
  /** How long the agent may be silent before the caller gives up. */
  timeoutMs: number;
}

/** BullMQ's queue of a node's calls; no node's name can be that of another queue. */
export const queueOf = (node: string) => `node-${node}`;

interface Answer {
  value?: unknown;
  error?: { errorClass: ErrorClass; message: string };
  /** Lines that were written on the way. */
  notes?: readonly string[];
}

const textOf = (answer: Answer, notes: readonly string[]) => JSON.stringify(notes.length === 0 ? answer : { ...answer, notes });

export const answerWith = (value: unknown, notes: readonly string[]): string => textOf({ value }, notes);

export const refuseWith = ({ errorClass, message }: ClassifiedError, notes: readonly string[]): string =>
  textOf({ error: { errorClass, message } }, notes);

/** The value that was answered; throws the failure that was. Its notes are told first. */
export function valueIn(answer: string, onNote?: (line: string) => void): unknown {
  const { value, error, notes = [] } = JSON.parse(answer) as Answer;
  for (const note of notes) onNote?.(note);
  if (error !== undefined) throw new ClassifiedError(error.errorClass, error.message);
  return value;
}
