// Looks after what the queue may have lost: a job that has not ended and that the queue does not know is put there again. It also forgets
// ended jobs that are too old. Every worker does it; it is cheap, because few jobs are taken at a time.
import type { Redis } from 'ioredis';
import type { JobStatus } from '../../schemas/job.js';
import type { Keys } from './keys.js';
import type { JobQueue } from './queue.js';

const TAKEN: JobStatus[] = ['waiting', 'running', 'canceling'];
const MOST_FORGOTTEN = 500;

export async function requeueLost(redis: Redis, keys: Keys, queue: JobQueue): Promise<void> {
  for (const status of TAKEN) {
    for (const id of await redis.zrange(keys.index(`status:${status}`), 0, '-1')) {
      if (await queue.knows(Number(id))) continue;
      // It may have ended between the two looks.
      const [present, priority, parent] = await redis.hmget(keys.job(id), 'status', 'priority', 'parent');
      if (present !== status || priority == null) continue;
      await queue.add(Number(id), Number(priority), parent != null);
    }
  }
}

/** Forgets jobs that ended more than `keepS` seconds ago; answers how many. */
export async function forgetOld(redis: Redis, keys: Keys, keepS: number): Promise<number> {
  return await redis.rapidSweep(keys.prefix, Date.now() - keepS * 1000, MOST_FORGOTTEN);
}
