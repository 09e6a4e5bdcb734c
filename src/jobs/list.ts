// The list of jobs: pages, newest first, found through the index of the rarest mark that the filter names.
import type { Redis } from 'ioredis';
import type { JobRecord } from '../../schemas/job.js';
import type { JobFilter, JobPage } from './job-desk.js';
import type { Keys } from './keys.js';
import { readRecords } from './record.js';
import { resourcesOf } from '../admission/summary.js';
import { toMs } from './timestamp.js';

/** A page reads at most this many records, so that a filter that hardly anything passes cannot hold Redis up; it then ends early, with `next`. */
const MOST_READ = 5000;

export async function listJobs(redis: Redis, keys: Keys, filter: JobFilter): Promise<JobPage> {
  const index = await rarestIndex(redis, keys, filter);
  const jobs: JobRecord[] = [];
  let before = filter.before ?? Infinity;
  for (let read = 0; read < MOST_READ; ) {
    // One more than the page needs tells whether there is a next page.
    const wanted = filter.limit - jobs.length + 1;
    const ids = await redis.zrange(index, before === Infinity ? '+inf' : `(${before}`, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, wanted);
    const records = await readRecords(redis, keys, ids.map(Number));
    for (const record of records) {
      if (isTooOld(record, filter)) return { jobs };
      if (!passes(record, filter)) continue;
      if (jobs.length === filter.limit) return { jobs, next: (jobs.at(-1) as JobRecord).id };
      jobs.push(record);
    }
    if (ids.length < wanted) return { jobs };
    read += ids.length;
    before = Number(ids.at(-1));
  }
  return { jobs, next: before };
}

async function rarestIndex(redis: Redis, keys: Keys, { status, opcode, resource, user, parent }: JobFilter): Promise<string> {
  const marks = [
    status?.length === 1 ? `status:${status[0]}` : undefined,
    opcode && `opcode:${opcode}`,
    resource && `resource:${resource}`,
    user && `user:${user}`,
    parent === undefined ? undefined : `parent:${parent}`,
  ].filter((mark) => mark !== undefined && mark !== '');
  if (marks.length === 0) return keys.index('all');
  if (marks.length === 1) return keys.index(marks[0] as string);
  const indexes = marks.map((mark) => keys.index(mark as string));
  const sizes = await Promise.all(indexes.map((index) => redis.zcard(index)));
  return indexes[sizes.indexOf(Math.min(...sizes))] as string;
}

const ageS = (record: JobRecord) => (Date.now() - toMs(record.received_ts)) / 1000;

/** IDs grow with time, so everything after a job that is too old is too old as well. */
const isTooOld = (record: JobRecord, { maxAgeS }: JobFilter) => maxAgeS !== undefined && ageS(record) > maxAgeS;

function passes(record: JobRecord, { status, opcode, resource, user, parent, minAgeS }: JobFilter): boolean {
  return (
    (status === undefined || status.includes(record.status)) &&
    (opcode === undefined || record.ops.some((op) => op.OP_ID === opcode)) &&
    (resource === undefined || record.ops.some((op) => resourcesOf(op).includes(resource))) &&
    (user === undefined || record.user === user) &&
    (parent === undefined || record.parent === parent) &&
    (minAgeS === undefined || ageS(record) >= minAgeS)
  );
}
