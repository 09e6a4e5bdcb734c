// From accepted to queued: whatever is in `undelivered` is put into the BullMQ queue. Any process may do it, and any number of them at
// once: a job is in the queue once whoever adds it, and a record that has ended is not run whatever the queue says.
import type { Redis } from 'ioredis';
import type { Keys } from './keys.js';
import type { JobQueue } from './queue.js';
import type { JobWatch } from './watch.js';

const BATCH = 200;
const SWEEP_MS = 1000;
/** Under this in place of a job ID it is told that jobs have become due. */
const NO_JOB = 0;

export interface Delivery {
  /** Says that there is something to deliver. */
  kick(): void;
  close(): Promise<void>;
}

/** Delivers when kicked, when the end of a job has made others due, and every second what a process that died has left. */
export function startDelivery(redis: Redis, keys: Keys, queue: JobQueue, watch: JobWatch): Delivery {
  let due = false;
  let closed = false;
  let working: Promise<void> | undefined;

  const work = async () => {
    // One turn later, so that submissions that arrive together are delivered together.
    await new Promise<void>((resolve) => setImmediate(resolve));
    due = false;
    // When Redis is away, what was not delivered is still listed, and the sweep comes again.
    while (!closed && (await deliverBatch(redis, keys, queue).catch(() => false)));
    working = undefined;
    if (due) kick();
  };
  const kick = () => {
    due = true;
    if (!closed) working ??= work();
  };
  const sweep = setInterval(kick, SWEEP_MS);
  const unwatch = watch.on(NO_JOB, kick);
  kick();
  return {
    kick,
    async close() {
      closed = true;
      clearInterval(sweep);
      unwatch();
      await working;
    },
  };
}

/** Answers whether there may be more. */
async function deliverBatch(redis: Redis, keys: Keys, queue: JobQueue): Promise<boolean> {
  const entries = await redis.zrange(keys.undelivered, 0, String(BATCH - 1));
  if (entries.length === 0) return false;
  await queue.add(
    entries.map((entry) => {
      const [id, priority] = entry.split(':').map(Number) as [number, number];
      return { id, priority };
    }),
  );
  await redis.zrem(keys.undelivered, ...entries);
  return entries.length === BATCH;
}
