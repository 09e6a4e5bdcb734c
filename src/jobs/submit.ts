// Accepting a job.
import type { Redis } from 'ioredis';
import { ClassifiedError } from '../errors/classified-error.js';
import { IdempotencyMismatch } from '../errors/idempotency-mismatch.js';
import type { Submission } from './job-desk.js';
import type { Keys } from './keys.js';
import { digestOf, marksOf, specOf } from './spec.js';
import { now } from './timestamp.js';

/** Stores the job and answers once Redis has it: its ID, and whether it is due at once. Errors as JobDesk.submit. */
export async function submitJob(
  redis: Redis,
  keys: Keys,
  rememberS: number,
  submission: Submission,
): Promise<{ id: number; due: boolean }> {
  const { idempotency, user, priority, depends } = submission;
  const [outcome, id] = await redis.rapidSubmit(
    keys.prefix,
    JSON.stringify(specOf(submission)),
    priority,
    JSON.stringify(now()),
    JSON.stringify(marksOf(submission)),
    // The user is part of the key: two users may choose the same one.
    idempotency === undefined ? '' : JSON.stringify([user, idempotency.key]),
    idempotency === undefined ? '' : digestOf(idempotency.request),
    rememberS,
    ...depends.map(([job]) => job),
  );
  if (outcome === 'missing') {
    const message = `job ${id}, on which this one depends, does not exist`;
    throw new ClassifiedError('unknown_entity', message, { faults: [{ pointer: '/depends', message }] });
  }
  if (outcome === 'reused') throw new IdempotencyMismatch(id);
  return { id, due: outcome === 'due' };
}
