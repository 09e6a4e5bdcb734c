// How an opcode ended, in the words of `opresult`.
import type { ErrorClass } from '../../schemas/error-class.js';
import type { ClassifiedError } from '../../src/errors/classified-error.js';

type Failure = [kind: 'OpPrereqError' | 'OpExecError', [text: string, errorClass?: ErrorClass]];

export type Outcome =
  | { status: 'success'; result: unknown }
  | { status: 'canceled'; result: string | null }
  | { status: 'error'; result: Failure };

export const CANCELED: Outcome = { status: 'canceled', result: 'Job canceled by request' };

/** What becomes of the opcodes after one that failed. */
export const PRECEDING_FAILED: Outcome = { status: 'error', result: ['OpExecError', ['Preceding opcode failed']] };

/** `OpPrereqError`: nothing was changed. */
export const failure = (kind: Failure[0], { message, errorClass }: Pick<ClassifiedError, 'message' | 'errorClass'>): Outcome => ({
  status: 'error',
  result: [kind, [message, errorClass]],
});

/** The names of steps whose work stands: of those that were finished, and of those of which nobody knows. */
export interface Remains {
  certain: string[];
  perhaps: string[];
}

/** The outcome of an opcode of which something is left behind. `intro` goes before that: why. */
export function withRemains(outcome: Outcome, intro: string, { certain, perhaps }: Remains): Outcome {
  if ((certain.length === 0 && perhaps.length === 0) || outcome.status === 'success') return outcome;
  const [text, errorClass] = outcome.status === 'error' ? outcome.result[1] : [String(outcome.result), undefined];
  const [sure, unsure] = [certain, perhaps].map((names) => names.map((name) => `"${name}"`).join(', '));
  const what = sure === '' ? `perhaps left behind: ${unsure}` : `left behind: ${sure}${unsure === '' ? '' : `, and perhaps ${unsure}`}`;
  return { status: 'error', result: ['OpExecError', [`${text}; ${intro}${what}`, errorClass ?? 'environment_error']] };
}
