// Accepting jobs.
import { ClassifiedError } from '../errors/classified-error.js';
import { IdempotencyMismatch } from '../errors/idempotency-mismatch.js';
import { confirmed, confirmedPatiently } from './confirm.js';
import type { Idempotency, Submission, Together } from './job-desk.js';
import type { Keys } from './keys.js';
import type { Redis } from './redis.js';
import { digestOf, marksOf, specOf } from './spec.js';

/** The job that submits another one. */
interface Parent {
  job: number;
  /** In which its runner holds it. */
  epoch: number;
  /** Where its record names the child. */
  field: string;
}

type Given = Omit<Submission, 'idempotency'>;

/** The highest ID that was ever answered on this connection. A Redis that does not know it has lost jobs, and must not give their numbers again. */
const seen = new WeakMap<Redis, number>();
const see = (redis: Redis, ids: number[]) => seen.set(redis, Math.max(seen.get(redis) ?? 0, ...ids));

/** Stores the jobs and answers their IDs once Redis has them. Errors as JobDesk.submit. */
export async function submitJobs(
  redis: Redis,
  keys: Keys,
  rememberS: number,
  submissions: readonly Given[],
  idempotency?: Idempotency,
): Promise<Together> {
  assertWithin(submissions);
  const [outcome, message, ...jobs] = await send(redis, keys, rememberS, submissions, idempotency);
  const [first = 0] = jobs;
  if (outcome === 'missing') {
    const text = `job ${first}, on which this one depends, does not exist`;
    throw new ClassifiedError('unknown_entity', text, { faults: [{ pointer: '/depends', message: text }] });
  }
  if (outcome === 'reused') throw new IdempotencyMismatch(first);
  await confirmed(redis, keys);
  see(redis, jobs);
  return { jobs, message: outcome === 'repeated' ? message : undefined };
}

/** Stores a child, or finds the one that its parent has under that field already; undefined when the parent is no longer this runner's. */
export async function submitChild(redis: Redis, keys: Keys, submission: Given, parent: Parent): Promise<number | undefined> {
  const [outcome, , id] = await send(redis, keys, 0, [submission], undefined, parent);
  if (outcome === 'lost' || id === undefined) return undefined;
  await confirmedPatiently(redis, keys);
  see(redis, [id]);
  return id;
}

/** A negative dependency counts back from its own job; whose job is the one before is known within one submission only. */
function assertWithin(submissions: readonly Given[]): void {
  const faults = submissions.flatMap(({ depends }, place) =>
    depends.flatMap(([job], index) => {
      if (job >= 0 || place + job >= 0) return [];
      const pointer = `${submissions.length > 1 ? `/jobs/${place}` : ''}/depends/${index}/0`;
      return [{ pointer, message: 'a negative number names a job before this one in the same submission, and there is none' }];
    }),
  );
  if (faults.length > 0) throw new ClassifiedError('wrong_input', faults[0]?.message ?? '', { faults });
}

async function send(
  redis: Redis,
  keys: Keys,
  rememberS: number,
  submissions: readonly Given[],
  idempotency?: Idempotency,
  parent?: Parent,
): ReturnType<Redis['rapidSubmit']> {
  const jobs = submissions.flatMap((submission) => [
    JSON.stringify(specOf(submission, parent?.job ?? null)),
    submission.priority,
    JSON.stringify(marksOf(submission, parent?.job ?? null)),
    submission.depends.length,
    ...submission.depends.map(([job]) => job),
  ]);
  return await redis.rapidSubmit(
    keys.prefix,
    seen.get(redis) ?? 0,
    // The user is part of the key: two users may choose the same one.
    idempotency === undefined ? '' : JSON.stringify([submissions[0]?.user, idempotency.key]),
    idempotency === undefined ? '' : digestOf(idempotency.request),
    rememberS,
    idempotency?.message ?? '',
    parent?.job ?? '',
    parent?.epoch ?? '',
    parent?.field ?? '',
    submissions.length,
    ...jobs,
  );
}
