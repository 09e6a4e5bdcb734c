// Accepting a job.
import type { Redis } from 'ioredis';
import { ClassifiedError } from '../errors/classified-error.js';
import { IdempotencyMismatch } from '../errors/idempotency-mismatch.js';
import type { Submission } from './job-desk.js';
import type { Keys } from './keys.js';
import { digestOf, marksOf, specOf } from './spec.js';

/** The job that submits another one. */
interface Parent {
  job: number;
  /** In which its runner holds it. */
  epoch: number;
  /** Where its record names the child. */
  field: string;
}

/** Stores the job and answers its ID once Redis has it. Errors as JobDesk.submit. */
export async function submitJob(redis: Redis, keys: Keys, rememberS: number, submission: Submission): Promise<number> {
  const [outcome, id] = await send(redis, keys, rememberS, submission);
  if (outcome === 'missing') {
    const message = `job ${id}, on which this one depends, does not exist`;
    throw new ClassifiedError('unknown_entity', message, { faults: [{ pointer: '/depends', message }] });
  }
  if (outcome === 'reused') throw new IdempotencyMismatch(id);
  return id;
}

/** Stores a child, or finds the one that its parent has under that field already; undefined when the parent is no longer this runner's. */
export async function submitChild(redis: Redis, keys: Keys, submission: Submission, parent: Parent): Promise<number | undefined> {
  const [outcome, id] = await send(redis, keys, 0, submission, parent);
  return outcome === 'lost' ? undefined : id;
}

async function send(redis: Redis, keys: Keys, rememberS: number, submission: Submission, parent?: Parent) {
  const { idempotency, user, priority, depends } = submission;
  return await redis.rapidSubmit(
    keys.prefix,
    JSON.stringify(specOf(submission, parent?.job ?? null)),
    priority,
    JSON.stringify(marksOf(submission, parent?.job ?? null)),
    // The user is part of the key: two users may choose the same one.
    idempotency === undefined ? '' : JSON.stringify([user, idempotency.key]),
    idempotency === undefined ? '' : digestOf(idempotency.request),
    rememberS,
    parent?.job ?? '',
    parent?.epoch ?? '',
    parent?.field ?? '',
    ...depends.map(([job]) => job),
  );
}
