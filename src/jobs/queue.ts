// The BullMQ queue: it says which job is next and notices workers that died. The record of a job is elsewhere (record.ts); here it is an ID and
// the number of its place in line, and a hint: what is due stands in the ledger.
import { createRequire } from 'node:module';
import { WaitingError, Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Keys } from './keys.js';
import { CHILD_QUEUE_NAME, entryIn, LAYOUT_OF, QUEUE_NAME, type QueueEntry } from './scripts/enqueue.js';

/** How long whoever has taken something may be silent before it is given out again, and how often that is looked for: together well under 10 s. */
export const GIVING_OUT_AGAIN = {
  lockDuration: 5000,
  stalledInterval: 1500,
  // How often a job is taken up is counted in its record (epoch), where the progress between is known too.
  maxStalledCount: Number.MAX_SAFE_INTEGER,
  // Seconds after which a worker without work looks for some, though nobody woke it: what wakes it may be lost with a connection.
  drainDelay: 2,
};

/** What a worker's handler says: the job has ended, is parked, or is none of its business; or somebody else shall go on with it at once. */
export type Handled = 'done' | 'hand back';

export interface Consumer {
  /** Takes no new jobs; resolves when every handler has returned. */
  close(): Promise<void>;
}

type Handle = (place: QueueEntry) => Promise<Handled>;

/**
 * Calls `handle` for each job that is due, with its place in line, up to `openJobs` at a time and as many children of jobs besides, and again for a job whose worker
 * fell silent.
 */
export function consumeJobs(connection: Redis, keys: Keys, openJobs: number, handle: Handle): Consumer {
  assertLayout();
  const consumers = [QUEUE_NAME, CHILD_QUEUE_NAME].map((name) => consumeQueue(name, connection, keys, openJobs, handle));
  return { close: async () => void (await Promise.all(consumers.map((consumer) => consumer.close()))) };
}

/** Entries are written by our own scripts, in the layout of one version of BullMQ. */
function assertLayout(): void {
  const { version } = createRequire(import.meta.url)('bullmq/package.json') as { version: string };
  if (version !== LAYOUT_OF) throw new Error(`BullMQ ${version} is installed, and the queue is written as BullMQ ${LAYOUT_OF} reads it`);
}

function consumeQueue(name: string, connection: Redis, keys: Keys, openJobs: number, handle: Handle): Consumer {
  const begun = new WeakMap<Job, Promise<Handled>>();
  const begin = (job: Job) => {
    const handling = begun.get(job) ?? handle(entryIn(job.id ?? ''));
    begun.set(job, handling);
    return handling;
  };
  const process = async (job: Job, token?: string) => {
    if ((await begin(job)) === 'hand back') {
      await job.moveToWait(token);
      // BullMQ wakes nobody for a job that is put back and has a priority: a worker without work would look for it seconds later only.
      await connection.zadd(worker.toKey('marker'), 0, '0');
      throw new WaitingError();
    }
  };
  const worker = new Worker(name, process, {
    connection,
    prefix: keys.prefix,
    concurrency: openJobs,
    ...GIVING_OUT_AGAIN,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  // Lost locks and lost connections: the record's epoch decides who runs a job, and BullMQ goes on by itself.
  worker.on('error', () => undefined);
  // BullMQ asks Redis for one more job before it processes the one that it has got: a round trip that no job needs to wait for.
  worker.on('active', (job) => void begin(job));
  return { close: () => worker.close() };
}
