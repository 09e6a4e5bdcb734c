// What became of a job, as the answer to the request that submitted it and waited.
import { ERROR_CLASSES, type ErrorClass } from '../../schemas/error-class.js';
import type { JobRecord } from '../../schemas/job.js';
import { ClassifiedError } from '../errors/classified-error.js';

type JobOutcome = { result: unknown } | { failure: ClassifiedError };

const isErrorClass = (value: unknown): value is ErrorClass => (ERROR_CLASSES as unknown[]).includes(value);

/** `["OpPrereqError", ["text", "class"]]` as an error; what is not so written is a defect of ours. */
function failureIn(opresult: unknown): ClassifiedError {
  const detail: unknown = Array.isArray(opresult) ? opresult[1] : undefined;
  const [text, errorClass]: unknown[] = Array.isArray(detail) ? detail : [];
  return new ClassifiedError(isErrorClass(errorClass) ? errorClass : 'internal_error', typeof text === 'string' ? text : 'the job failed');
}

/** The outcome of an ended job: the result of its only opcode (a list for several), or what its first failing opcode says. */
export function outcomeOf({ id, status, opstatus, opresult }: JobRecord): JobOutcome {
  if (status === 'canceled') return { failure: new ClassifiedError('wrong_state', `job ${id} was canceled`) };
  if (status === 'error') return { failure: failureIn(opresult[opstatus.indexOf('error')]) };
  return { result: opresult.length === 1 ? opresult[0] : opresult };
}
