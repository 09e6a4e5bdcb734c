// The job desk over Redis.
import { isFinal, type JobRecord } from '../../schemas/job.js';
import { cancelAnswer, requestCancel } from './cancel.js';
import { followJob } from './follow.js';
import type { JobDesk } from './job-desk.js';
import { keysOf } from './keys.js';
import { listIds, listJobs } from './list.js';
import { hasEnded, readRecords } from './record.js';
import { connectForRequests, connectPatiently } from './redis.js';
import { redisIsAway } from './refusals.js';
import { submitJobs } from './submit.js';
import { confirmed } from './confirm.js';
import { lookUntil, noSuchJob, shareReads, type Patience } from './wait.js';
import { mayBeEnd, watchJobs } from './watch.js';

export interface DeskSettings {
  redisUrl: string;
  prefix: string;
  /** How many ended jobs are kept. */
  keepCount: number;
  /** For how many seconds an Idempotency-Key is remembered. */
  idempotencyS: number;
}

/** Opens the desk; two connections to Redis, one of them for all events. */
export async function openJobDesk({
  redisUrl,
  prefix,
  keepCount,
  idempotencyS,
}: DeskSettings): Promise<JobDesk & { close(): Promise<void> }> {
  const keys = keysOf(prefix);
  const redis = connectForRequests(redisUrl);
  const watch = await watchJobs(connectPatiently(redisUrl), keys);
  const read = shareReads(async (id, logAfter) => (await readRecords(redis, keys, [id], logAfter))[0]);

  const recordWhen = async (id: number, isNews: (record: JobRecord) => boolean, patience: Patience, logAfter = 0) =>
    await lookUntil(
      watch,
      id,
      async () => {
        const record = await read(id, logAfter);
        if (record === undefined) throw noSuchJob(id);
        return isNews(record) ? record : undefined;
      },
      patience,
    ).catch(redisIsAway);
  const waitForEnd: JobDesk['waitForEnd'] = (id, timeoutMs, signal) => recordWhen(id, hasEnded, { timeoutMs, signal, matters: mayBeEnd });

  return {
    async submit({ idempotency, ...submission }) {
      const { jobs } = await submitJobs(redis, keys, idempotencyS, [submission], idempotency).catch(redisIsAway);
      return jobs[0] as number;
    },
    submitTogether: (submissions, idempotency) => submitJobs(redis, keys, idempotencyS, submissions, idempotency).catch(redisIsAway),
    read: (id) => read(id, 0).catch(redisIsAway),
    list: (filter) => listJobs(redis, keys, filter).catch(redisIsAway),
    listIds: (filter) => listIds(redis, keys, filter).catch(redisIsAway),
    async cancel(id, waitMs) {
      const before = await requestCancel(redis, keys, keepCount, id).catch(redisIsAway);
      if (before === undefined) return undefined;
      await confirmed(redis, keys).catch(redisIsAway);
      const after = before === 'queued' || isFinal(before) ? undefined : await waitForEnd(id, waitMs);
      return cancelAnswer(id, before, after);
    },
    waitFor: (id, isNews, timeoutMs, signal, logAfter) => recordWhen(id, isNews, { timeoutMs, signal }, logAfter),
    waitForEnd,
    follow: (id, afterSerial, signal) => followJob(redis, keys, watch, id, afterSerial, signal),
    async close() {
      watch.close();
      redis.disconnect();
    },
  };
}
