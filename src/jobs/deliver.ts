// From accepted to queued: whatever is in `undelivered` is put into the BullMQ queue. Any process may do it, and any number of them at
// once: a job is in the queue once whoever adds it, and a record that has ended is not run whatever the queue says.
import type { Redis } from 'ioredis';
import type { Keys } from './keys.js';
import type { DueJob, JobQueue } from './queue.js';
import type { JobWatch } from './watch.js';

const BATCH = 200;
const SWEEP_MS = 1000;
/** Under this in place of a job ID it is told that jobs have become due. */
const NO_JOB = 0;

export interface Delivery {
  /** Delivers a job that has just been accepted, together with others that come at the same time. */
  offer(job: DueJob): void;
  close(): Promise<void>;
}

/** Delivers what is offered, what the end of another job has made due, and every second what a process that died has left. */
export function startDelivery(redis: Redis, keys: Keys, queue: JobQueue, watch: JobWatch): Delivery {
  let offered: DueJob[] = [];
  let sweeping = true;
  let closed = false;
  let working: Promise<void> | undefined;

  const work = async () => {
    // One turn later, so that submissions that arrive together are delivered together.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (!closed && (offered.length > 0 || sweeping)) {
      const batch = offered.splice(0, BATCH);
      const listed = batch.length === 0;
      if (listed) sweeping = false;
      // When Redis is away, what is not delivered stays listed, and the next sweep finds it.
      const jobs = listed ? await listedJobs(redis, keys).catch(() => []) : batch;
      const delivered = await deliver(redis, keys, queue, jobs).catch(() => 0);
      if (listed && delivered === BATCH) sweeping = true;
    }
    working = undefined;
  };
  const wake = () => {
    if (!closed) working ??= work();
  };
  const sweep = () => {
    sweeping = true;
    wake();
  };
  const timer = setInterval(sweep, SWEEP_MS);
  const unwatch = watch.on(NO_JOB, sweep);
  wake();
  return {
    offer(job) {
      offered.push(job);
      wake();
    },
    async close() {
      closed = true;
      clearInterval(timer);
      unwatch();
      await working;
      offered = [];
    },
  };
}

async function listedJobs(redis: Redis, keys: Keys): Promise<DueJob[]> {
  const entries = await redis.zrange(keys.undelivered, 0, String(BATCH - 1));
  return entries.map((entry) => {
    const [id, priority] = entry.split(':').map(Number) as [number, number];
    return { id, priority };
  });
}

/** Answers how many there were. */
async function deliver(redis: Redis, keys: Keys, queue: JobQueue, jobs: DueJob[]): Promise<number> {
  if (jobs.length === 0) return 0;
  await queue.add(jobs);
  // Not waited for: what stays listed is delivered once more, which does nothing.
  redis.zrem(keys.undelivered, ...jobs.map(({ id, priority }) => `${id}:${priority}`)).catch(() => undefined);
  return jobs.length;
}
