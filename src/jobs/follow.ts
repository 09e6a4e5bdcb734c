// Following a job: its events so far, then each new one, without a gap.
import type { Redis } from 'ioredis';
import { isFinal, type JobStatus } from '../../schemas/job.js';
import type { JobEvent } from './job-desk.js';
import type { Keys } from './keys.js';
import { lookUntil, noSuchJob } from './wait.js';
import type { JobWatch } from './watch.js';

const FOR_EVER_MS = 2 ** 31 - 1;
/** Events that are read at a time: a job may have a hundred thousand of them. */
const PAGE = 500;

export async function* followJob(
  redis: Redis,
  keys: Keys,
  watch: JobWatch,
  id: number,
  afterSerial: number,
  signal: AbortSignal,
): AsyncGenerator<JobEvent> {
  let serial = afterSerial;
  while (!signal.aborted) {
    const from = serial;
    const seen = await lookUntil(watch, id, () => newEvents(redis, keys, id, from), { timeoutMs: FOR_EVER_MS, signal });
    if (seen === undefined) return;
    for (const event of seen.events) yield event;
    serial += seen.events.length;
    if (seen.ended) return;
  }
}

/** What is new after that serial; undefined when nothing is and the job goes on. */
async function newEvents(redis: Redis, keys: Keys, id: number, after: number): Promise<{ events: JobEvent[]; ended: boolean } | undefined> {
  // The status first: an end that is seen has all its events in the list already.
  const replies = await redis
    .pipeline()
    .hget(keys.job(id), 'status')
    .lrange(keys.events(id), after, after + PAGE - 1)
    .exec();
  const [status, texts] = (replies ?? []).map((reply) => reply[1]) as [JobStatus | null, string[]];
  if (status === null) throw noSuchJob(id);
  const events = texts.map((text, index) => ({ serial: after + index + 1, ...(JSON.parse(text) as Omit<JobEvent, 'serial'>) }) as JobEvent);
  const ended = isFinal(status) && texts.length < PAGE;
  return events.length > 0 || ended ? { events, ended } : undefined;
}
