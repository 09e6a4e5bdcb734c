// Every dialect that is served.
import type { RouteTable } from '../http/route.js';
import { jobsTable } from './jobs/jobs-table.js';
import { pvcTable } from './pvc/pvc-table.js';
import { STORAGE_TABLES } from './pvc/storage-table.js';

export const DIALECTS: RouteTable[] = [jobsTable, pvcTable, ...STORAGE_TABLES];
