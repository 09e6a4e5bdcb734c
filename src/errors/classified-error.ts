// The one error that code throws when it knows what went wrong: a public text, a class, and an internal cause for the log.
import type { ErrorClass } from '../../schemas/error-class.js';

/** One value at fault: a JSON Pointer into the request, and what is wrong there. */
export interface Fault {
  pointer: string;
  message: string;
}

interface Details {
  /** The values at fault, when the request is to blame. */
  faults?: Fault[];
  /** The error underneath; goes to the log, never to a client. */
  cause?: unknown;
}

export class ClassifiedError extends Error {
  readonly errorClass: ErrorClass;
  readonly faults: Fault[];

  constructor(errorClass: ErrorClass, message: string, { faults = [], cause }: Details = {}) {
    super(message, { cause });
    this.name = 'ClassifiedError';
    this.errorClass = errorClass;
    this.faults = faults;
  }
}

/** Any thrown value as a classified one: what nobody classified is a defect, and its text stays inside. */
export function classify(error: unknown): ClassifiedError {
  if (error instanceof ClassifiedError) return error;
  return new ClassifiedError('internal_error', 'internal error; the log of the process that met it says more', { cause: error });
}
