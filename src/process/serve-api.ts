// The front desk of a process: the job desk and the API over it.
import type { Logger } from 'pino';
import type { Config } from '../../schemas/config.js';
import type { ClusterReader } from '../cluster/cluster-reader.js';
import { startApi } from '../http/start-api.js';
import { openJobDesk } from '../jobs/desk.js';
import type { Closing } from './closing.js';

/** Answers the URL. */
export async function serveApi(config: Config, redisUrl: string, cluster: ClusterReader, log: Logger, closing: Closing): Promise<string> {
  const jobs = await openJobDesk({
    redisUrl,
    prefix: config.redis.prefix,
    keepCount: config.jobs.keep_count,
    idempotencyS: config.jobs.idempotency_s,
  });
  closing.add(() => jobs.close());
  const api = await startApi({ jobs, cluster, config, log });
  closing.add(() => api.close());
  return api.url;
}
