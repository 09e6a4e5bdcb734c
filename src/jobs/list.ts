// The list of jobs: pages, newest first. What a filter names is an index each; the rarest one is walked through, and what it gives is looked
// up in the others. Records are read only for those who want to see them.
import type { Redis } from 'ioredis';
import type { Timestamp } from '../../schemas/job.js';
import type { JobFilter, JobIds, JobPage } from './job-desk.js';
import type { Keys } from './keys.js';
import { readRecords } from './record.js';
import { toMs } from './timestamp.js';

/** A page looks at most this many jobs up, so that a filter that hardly anything passes cannot hold Redis up; it then ends early, with `next`. */
const MOST_LOOKED_UP = 5000;

/** Indexes of which a job must be in one. */
type Group = readonly string[];

export async function listJobs(redis: Redis, keys: Keys, filter: JobFilter): Promise<JobPage> {
  const { ids, next } = await listIds(redis, keys, filter);
  const records = await readRecords(redis, keys, ids);
  // Its status may have changed since.
  const jobs = records.filter(({ status }) => filter.status?.includes(status) ?? true);
  return next === undefined ? { jobs } : { jobs, next };
}

export async function listIds(redis: Redis, keys: Keys, filter: JobFilter): Promise<JobIds> {
  const [walked, ...others] = await byRarity(redis, groupsOf(keys, filter));
  const ids: number[] = [];
  let before = filter.before ?? Infinity;
  for (let lookedUp = 0; lookedUp < MOST_LOOKED_UP; ) {
    // One more than the page needs tells whether there is a next page.
    const wanted = filter.limit - ids.length + 1;
    const found = await newest(redis, walked ?? [keys.index('all')], before, wanted);
    const inAll = await isInAll(redis, others, found);
    const fits = await fitAge(redis, keys, filter, found);
    for (const [index, id] of found.entries()) {
      if (inAll[index] !== true || fits[index] !== true) continue;
      if (ids.length === filter.limit) return { ids, next: ids.at(-1) as number };
      ids.push(id);
    }
    if (found.length < wanted) return { ids };
    lookedUp += found.length;
    before = found.at(-1) as number;
  }
  return { ids, next: before };
}

function groupsOf(keys: Keys, { status, opcode, resource, user, parent }: JobFilter): Group[] {
  const marks: (string[] | undefined)[] = [
    status?.map((one) => `status:${one}`),
    opcode === undefined ? undefined : [`opcode:${opcode}`],
    resource === undefined ? undefined : [`resource:${resource}`],
    user === undefined ? undefined : [`user:${user}`],
    parent === undefined ? undefined : [`parent:${parent}`],
  ];
  return marks.flatMap((group) => (group === undefined ? [] : [[...new Set(group)].map(keys.index)]));
}

async function byRarity(redis: Redis, groups: Group[]): Promise<Group[]> {
  if (groups.length < 2) return groups;
  const sizes = await Promise.all(groups.map(async (group) => sum(await Promise.all(group.map((index) => redis.zcard(index))))));
  const rarest = sizes.indexOf(Math.min(...sizes));
  return [groups[rarest] as Group, ...groups.filter((_, index) => index !== rarest)];
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

/** The newest jobs of these indexes that are older than that one. */
async function newest(redis: Redis, group: Group, before: number, wanted: number): Promise<number[]> {
  const from = before === Infinity ? '+inf' : `(${before}`;
  const pages = await Promise.all(group.map((index) => redis.zrange(index, from, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, wanted)));
  // A job that is just changing its status may be seen in both.
  const ids = [...new Set(pages.flat().map(Number))];
  return ids.toSorted((one, other) => other - one).slice(0, wanted);
}

async function isInAll(redis: Redis, groups: Group[], ids: number[]): Promise<boolean[]> {
  if (groups.length === 0 || ids.length === 0) return ids.map(() => true);
  const scores = await Promise.all(groups.map((group) => Promise.all(group.map((index) => redis.zmscore(index, ...ids)))));
  return ids.map((_, at) => scores.every((group) => group.some((index) => index[at] != null)));
}

/** By Redis' clock, which has dated the jobs. IDs tell nothing of the time: clocks are set. */
async function fitAge(redis: Redis, keys: Keys, { minAgeS, maxAgeS }: JobFilter, ids: number[]): Promise<boolean[]> {
  if (minAgeS === undefined && maxAgeS === undefined) return ids.map(() => true);
  const [[seconds, microseconds], received] = await Promise.all([
    redis.time(),
    Promise.all(ids.map((id) => redis.hget(keys.job(id), 'received_ts'))),
  ]);
  const nowMs = toMs([Number(seconds), Number(microseconds)]);
  return received.map((text) => {
    if (text === null) return false;
    const ageS = (nowMs - toMs(JSON.parse(text) as Timestamp)) / 1000;
    return ageS >= (minAgeS ?? -Infinity) && ageS <= (maxAgeS ?? Infinity);
  });
}
