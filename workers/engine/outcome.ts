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

/** The outcome of an opcode of which some steps could not be undone. */
export function withRemains(outcome: Outcome, remains: string[]): Outcome {
  if (remains.length === 0 || outcome.status === 'success') return outcome;
  const [text, errorClass] = outcome.status === 'error' ? outcome.result[1] : [String(outcome.result), undefined];
  const left = remains.map((name) => `"${name}"`).join(', ');
  return {
    status: 'error',
    result: ['OpExecError', [`${text}; could not undo, and left behind: ${left}`, errorClass ?? 'environment_error']],
  };
}
