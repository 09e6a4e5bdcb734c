// Asking a job to stop, in Ganeti's words.
import type { Redis } from 'ioredis';
import { isFinal, type JobRecord, type JobStatus } from '../../schemas/job.js';
import type { Keys } from './keys.js';

/** Asks; answers the status in which the job was found, or undefined when there is no such job. */
export async function requestCancel(redis: Redis, keys: Keys, keepCount: number, id: number): Promise<JobStatus | undefined> {
  const found = await redis.rapidCancel(keys.prefix, id, keepCount);
  return found === null ? undefined : (found as JobStatus);
}

/** What the client is told, from the status before and the record at the end of the wait (undefined: it has not ended). */
export function cancelAnswer(id: number, before: JobStatus, after: JobRecord | undefined): [canceled: boolean, text: string] {
  if (before === 'queued') return [true, `Dequeued job ${id}`];
  if (isFinal(before)) return [false, `Job ${id} has ended already, status ${before}`];
  if (after === undefined) return [false, `Job ${id} was asked to stop and has not ended yet`];
  if (after.status === 'canceled') return [true, 'Job successfully cancelled'];
  return [false, `Job ${id} ended before it could be cancelled, status ${after.status}`];
}
