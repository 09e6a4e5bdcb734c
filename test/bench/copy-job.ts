// Many ended jobs, quickly: copies of one that was really run. What it has left in Redis is found out, not known, so the copies cannot
// differ from what real jobs leave.
import type { Redis } from 'ioredis';
import { keysOf } from '../../src/jobs/keys.js';

const COPIES_A_CALL = 2000;

/** ARGV: the job's ID, the first copy's, the last copy's, the number of its own keys, those up to its ID, then name and score of each sorted set that it is in. */
const COPY = `
local job, first, last, keys = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
for id = first, last do
  for i = 5, 4 + keys do redis.call('COPY', ARGV[i] .. job, ARGV[i] .. id) end
  for i = 5 + keys, #ARGV, 2 do
    redis.call('ZADD', ARGV[i], ARGV[i + 1] == job and id or ARGV[i + 1], id)
  end
end
`;

/** Copies the only job of that prefix until there are so many; the next one submitted comes after them. */
export async function copyJob(redis: Redis, prefix: string, job: string, count: number): Promise<void> {
  const { own, sets } = await tracesOf(redis, prefix, job);
  const first = Number(job) + 1;
  const last = Number(job) + count - 1;
  for (let from = first; from <= last; from += COPIES_A_CALL) {
    const to = Math.min(from + COPIES_A_CALL - 1, last);
    await redis.eval(COPY, 0, job, from, to, own.length, ...own, ...sets.flat());
  }
  await redis.set(`${keysOf(prefix).prefix}:last-id`, last);
}

/** The keys that end with the job's ID, without it; and the sorted sets that hold it, with its score. */
async function tracesOf(redis: Redis, prefix: string, job: string): Promise<{ own: string[]; sets: [name: string, score: string][] }> {
  const own: string[] = [];
  const sets: [name: string, score: string][] = [];
  // A prefix in braces means nothing to Redis's patterns.
  for (const key of await redis.keys(`${prefix}:*`)) {
    if (key.endsWith(`:${job}`)) own.push(key.slice(0, -job.length));
    else if ((await redis.type(key)) === 'zset') {
      const score = await redis.zscore(key, job);
      if (score !== null) sets.push([key, score]);
    }
  }
  return { own, sets };
}
