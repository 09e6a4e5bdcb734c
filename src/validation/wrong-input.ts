// The error for values that break their schema: every fault with its place, and one sentence that names them.
import { ClassifiedError, type Fault } from '../errors/classified-error.js';

const FAULTS_IN_SENTENCE = 3;

const sentence = ({ pointer, message }: Fault): string => (pointer === '' ? message : `${pointer.slice(1)}: ${message}`);

/** The error of class `wrong_input` for these faults. */
export function wrongInput(faults: Fault[]): ClassifiedError {
  const told = faults.slice(0, FAULTS_IN_SENTENCE).map(sentence);
  const rest = faults.length - told.length;
  return new ClassifiedError('wrong_input', rest > 0 ? `${told.join('; ')}; and ${rest} more` : told.join('; '), { faults });
}
