// Errors as HTTP answers: the status of each class, and the body (RFC 9457).
import { STATUS_CODES } from 'node:http';
import type { ErrorClass, Problem } from '../../schemas/error-class.js';
import type { ClassifiedError } from '../errors/classified-error.js';
import { IdempotencyMismatch } from '../errors/idempotency-mismatch.js';
import { Refusal } from './refusal.js';

const STATUS_OF_CLASS: Readonly<Record<ErrorClass, number>> = {
  wrong_input: 400,
  unknown_entity: 404,
  already_exists: 409,
  resource_not_unique: 409,
  wrong_state: 409,
  insufficient_resources: 409,
  temp_insufficient_resources: 503,
  resolver_error: 502,
  environment_error: 503,
  internal_error: 500,
};

const RETRY_AFTER_S = 5;

interface ProblemAnswer {
  status: number;
  headers: Record<string, string>;
  body: Problem;
}

function statusOf(error: ClassifiedError): number {
  if (error instanceof Refusal) return error.status;
  if (error instanceof IdempotencyMismatch) return 422;
  return STATUS_OF_CLASS[error.errorClass];
}

/** The answer for an error; `job` is the job that failed, when the request waited for one. */
export function problemAnswer(error: ClassifiedError, job?: number): ProblemAnswer {
  const status = statusOf(error);
  return {
    status,
    headers: {
      ...(status === 503 ? { 'Retry-After': String(RETRY_AFTER_S) } : {}),
      ...(error instanceof Refusal ? error.headers : {}),
    },
    body: {
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      code: error.errorClass,
      message: error.message,
      ...(error.faults.length > 0 ? { errors: error.faults } : {}),
      ...(job === undefined ? {} : { job }),
    },
  };
}
