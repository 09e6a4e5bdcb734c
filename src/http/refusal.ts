// A request that HTTP itself refuses, before any dialect has seen its values: the status is not the one of its error class.
import type { ErrorClass } from '../../schemas/error-class.js';
import { ClassifiedError } from '../errors/classified-error.js';

export class Refusal extends ClassifiedError {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, headers: Record<string, string> = {}, errorClass: ErrorClass = 'wrong_input') {
    super(errorClass, message);
    this.name = 'Refusal';
    this.status = status;
    this.headers = headers;
  }
}
