// The desk at which a primary's watcher submits its jobs.
import type { Config } from '../../schemas/config.js';
import { openJobDesk } from '../../src/jobs/desk.js';
import { STARTS_WINDOW_S } from '../agent/pace.js';
import type { OpenDesk } from '../agent/primary-duties.js';

/** Opened only by the primary, when it becomes that. */
export const watcherDesk =
  ({ redis, jobs }: Pick<Config, 'redis' | 'jobs'>, redisUrl: string): OpenDesk =>
  () =>
    openJobDesk({ redisUrl, prefix: redis.prefix, keepCount: jobs.keep_count, idempotencyS: STARTS_WINDOW_S });
