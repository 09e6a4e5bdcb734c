// The BullMQ queue: it says which job is next and notices workers that died. The record of a job is elsewhere (record.ts); here it is an ID.
import { Queue, WaitingError, Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Keys } from './keys.js';
import { CHILD_QUEUE_NAME, jobIdIn, queueId, queuePriority, QUEUE_NAME } from './scripts/enqueue.js';

/** How long whoever has taken something may be silent before it is given out again, and how often that is looked for. Together well under 10 s. */
export const GIVING_OUT_AGAIN = {
  lockDuration: 5000,
  stalledInterval: 1500,
  // How often a job is taken up is counted in its record (epoch), where the progress between is known too.
  maxStalledCount: Number.MAX_SAFE_INTEGER,
};

export interface JobQueue {
  /** Puts a job in line again; if it is there already it stays where it is. */
  add(id: number, priority: number, isChild: boolean): Promise<void>;
  /** Whether the queue knows the job, waiting or taken. */
  knows(id: number): Promise<boolean>;
  close(): Promise<void>;
}

export function openQueue(connection: Redis, keys: Keys): JobQueue {
  const [jobs, children] = [QUEUE_NAME, CHILD_QUEUE_NAME].map((name) => {
    const queue = new Queue(name, { connection, prefix: keys.prefix });
    queue.on('error', () => undefined);
    return queue;
  }) as [Queue, Queue];
  return {
    async add(id, priority, isChild) {
      const queue = isChild ? children : jobs;
      await queue.add('job', null, { jobId: queueId(id), priority: queuePriority(priority) });
    },
    knows: async (id) => (await connection.exists(jobs.toKey(queueId(id)), children.toKey(queueId(id)))) > 0,
    close: async () => void (await Promise.all([jobs.close(), children.close()])),
  };
}

/** What a worker's handler says: the job has ended (or is none of its business), or somebody else shall go on with it at once. */
export type Handled = 'done' | 'hand back';

export interface Consumer {
  /** Takes no new jobs; resolves when every handler has returned. */
  close(): Promise<void>;
}

/**
 * Calls `handle` for each job that is due, up to `openJobs` at a time and as many children of jobs besides, and again for a job whose worker
 * fell silent.
 */
export function consumeJobs(connection: Redis, keys: Keys, openJobs: number, handle: (id: number) => Promise<Handled>): Consumer {
  const consumers = [QUEUE_NAME, CHILD_QUEUE_NAME].map((name) => consumeQueue(name, connection, keys, openJobs, handle));
  return { close: async () => void (await Promise.all(consumers.map((consumer) => consumer.close()))) };
}

function consumeQueue(name: string, connection: Redis, keys: Keys, openJobs: number, handle: (id: number) => Promise<Handled>): Consumer {
  const begun = new WeakMap<Job, Promise<Handled>>();
  const begin = (job: Job) => {
    const handling = begun.get(job) ?? handle(jobIdIn(job.id ?? ''));
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
