// A volume's size as it stands in a queued opcode.
import { ClassifiedError } from '../../src/errors/classified-error.js';

/** Admission makes a number of bytes of it before the job is queued. */
export function settledSize(size: string | number): number {
  if (typeof size === 'number') return size;
  throw new ClassifiedError('internal_error', 'a size was queued that is not a number of bytes');
}
