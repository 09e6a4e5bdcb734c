// An Idempotency-Key that comes back with another request; answered with 422.
import { ClassifiedError } from './classified-error.js';

export class IdempotencyMismatch extends ClassifiedError {
  constructor(job: number) {
    super('wrong_input', `this Idempotency-Key was used for job ${job} with another request`);
    this.name = 'IdempotencyMismatch';
  }
}
