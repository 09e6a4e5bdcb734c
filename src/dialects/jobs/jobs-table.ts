// Jobs over HTTP, the same at the root and under the API's prefix. Field names and the form of `wait` are Ganeti's.
import type { RouteTable } from '../../http/route.js';
import { cancelJob, readJob } from './one-job.js';
import { jobEvents } from './job-events.js';
import { listJobs } from './list-jobs.js';
import { submitJob } from './submit-job.js';
import { waitForJob } from './wait-for-job.js';

export const jobsTable: RouteTable = {
  name: 'jobs',
  prefixes: ['', '/api/v1'],
  routes: [listJobs, submitJob, readJob, cancelJob, waitForJob, jobEvents],
};
