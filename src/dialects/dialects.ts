// Every dialect that is served.
import type { RouteTable } from '../http/route.js';
import { jobsTable } from './jobs/jobs-table.js';
import { pvcTable } from './pvc/pvc-table.js';

export const DIALECTS: RouteTable[] = [jobsTable, pvcTable];
