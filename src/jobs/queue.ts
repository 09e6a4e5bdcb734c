// The BullMQ queue: it says which job is next and notices workers that died. The record of a job is elsewhere (record.ts); here it is an ID.
import { Queue, WaitingError, Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Keys } from './keys.js';

const NAME = 'jobs';
/** How long a worker may be silent before its jobs are given to others, and how often that is looked for. Together well under 10 s. */
const LOCK_MS = 5000;
const STALLED_CHECK_MS = 1500;
/** BullMQ serves 1 first; Ganeti's -20 is the most urgent. */
const bullPriority = (priority: number) => priority + 21;

/** A job that nothing holds back any more. */
export interface DueJob {
  id: number;
  priority: number;
}

export interface JobQueue {
  /** Puts jobs in line; one that is there already stays where it is. */
  add(jobs: DueJob[]): Promise<void>;
  /** Whether the queue knows the job, waiting or taken. */
  knows(id: number): Promise<boolean>;
  close(): Promise<void>;
}

export function openQueue(connection: Redis, keys: Keys): JobQueue {
  const queue = new Queue(NAME, { connection, prefix: keys.prefix, defaultJobOptions: { removeOnComplete: true, removeOnFail: true } });
  queue.on('error', () => undefined);
  return {
    async add(jobs) {
      await queue.addBulk(
        jobs.map(({ id, priority }) => ({ name: 'job', data: null, opts: { jobId: jobIdOf(id), priority: bullPriority(priority) } })),
      );
    },
    knows: async (id) => (await connection.exists(queue.toKey(jobIdOf(id)))) === 1,
    close: () => queue.close(),
  };
}

/** BullMQ reserves IDs that are whole numbers for itself. */
const jobIdOf = (id: number) => `r${id}`;

/** What a worker's handler says: the job has ended (or is none of its business), or somebody else shall go on with it at once. */
export type Handled = 'done' | 'hand back';

export interface Consumer {
  /** Takes no new jobs; resolves when every handler has returned. */
  close(): Promise<void>;
}

/** Calls `handle` for each job that is due, up to `openJobs` at a time, and again for a job whose worker fell silent. */
export function consumeJobs(connection: Redis, keys: Keys, openJobs: number, handle: (id: number) => Promise<Handled>): Consumer {
  const process = async (job: Job, token?: string) => {
    if ((await handle(Number(job.id?.slice(1)))) === 'hand back') {
      await job.moveToWait(token);
      // BullMQ wakes nobody for a job that is put back and has a priority: a worker without work would look for it seconds later only.
      await connection.zadd(worker.toKey('marker'), 0, '0');
      throw new WaitingError();
    }
  };
  const worker = new Worker(NAME, process, {
    connection,
    prefix: keys.prefix,
    concurrency: openJobs,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    // How often a job is taken up is counted in its record (epoch), where the progress between is known too.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  // Lost locks and lost connections: the record's epoch decides who runs a job, and BullMQ goes on by itself.
  worker.on('error', () => undefined);
  return { close: () => worker.close() };
}
