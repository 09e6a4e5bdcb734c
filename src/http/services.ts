// What the routes work with.
import type { Logger } from 'pino';
import type { Config } from '../../schemas/config.js';
import type { ClusterReader } from '../cluster/cluster-reader.js';
import type { JobDesk } from '../jobs/job-desk.js';

export interface Services {
  jobs: JobDesk;
  cluster: ClusterReader;
  config: Config;
  log: Logger;
}
