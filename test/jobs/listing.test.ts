// The list of jobs: filters, alone and together, and pages.
import { beforeAll, expect, it } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import { openJobDesk } from '../../src/jobs/desk.js';
import type { JobFilter } from '../../src/jobs/job-desk.js';
import { connectPatiently } from '../../src/jobs/redis.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();
const COUNT = 2000;
let desk: Awaited<ReturnType<typeof openJobDesk>>;
let all: JobRecord[];

beforeAll(async () => {
  desk = await openJobDesk({ redisUrl: redis().url, prefix: '{list}', keepCount: 10_000, idempotencyS: 60 });
  const ids: number[] = [];
  for (let number = 0; number < COUNT; number += 100) {
    ids.push(...(await Promise.all(Array.from({ length: 100 }, (_, index) => desk.submit(submission(number + index))))));
  }
  await Promise.all(ids.filter((id) => id % 3 === 0).map((id) => desk.cancel(id, 0)));
  all = (await Promise.all(ids.map((id) => desk.read(id))))
    .filter((record) => record !== undefined)
    .toSorted((one, other) => other.id - one.id);
  return () => desk.close();
});

function submission(number: number) {
  const op = { OP_ID: number % 2 === 0 ? 'OP_VM_START' : 'OP_VM_STOP', vm: `vm${number % 50}` };
  const ops = number % 400 === 7 ? [op, { OP_ID: 'OP_TEST_DELAY', duration: 1 }] : [op];
  return { ops, user: `user${number % 7}`, reason: null, priority: 0, depends: [], dryRun: false };
}

const canceled = ({ status }: JobRecord) => status === 'canceled';
const starts = ({ ops }: JobRecord) => ops.some(({ OP_ID }) => OP_ID === 'OP_VM_START');
const isOfUser3 = ({ user }: JobRecord) => user === 'user3';

it.each<[string, Omit<JobFilter, 'limit'>, (record: JobRecord) => boolean]>([
  ['nothing', {}, () => true],
  ['a status', { status: ['canceled'] }, canceled],
  ['several statuses', { status: ['canceled', 'queued'] }, () => true],
  ['a status that none has', { status: ['running'] }, () => false],
  ['an opcode', { opcode: 'OP_VM_START' }, starts],
  ['an opcode that is not the first', { opcode: 'OP_TEST_DELAY' }, ({ ops }) => ops.length === 2],
  ['a resource', { resource: 'vm/vm8' }, ({ ops }) => ops[0]?.['vm'] === 'vm8'],
  ['a resource that begins like another', { resource: 'vm/vm' }, () => false],
  ['a user', { user: 'user3' }, isOfUser3],
  ['status and user', { status: ['canceled'], user: 'user3' }, (job) => canceled(job) && isOfUser3(job)],
  [
    'opcode, status and user',
    { opcode: 'OP_VM_START', status: ['queued'], user: 'user3' },
    (job) => starts(job) && !canceled(job) && isOfUser3(job),
  ],
  ['a resource, and a user who has more', { resource: 'vm/vm8', user: 'user3' }, (job) => job.ops[0]?.['vm'] === 'vm8' && isOfUser3(job)],
  ['what excludes itself', { opcode: 'OP_VM_STOP', resource: 'vm/vm8' }, () => false],
  ['an age that none has', { minAgeS: 3600 }, () => false],
  ['an age that all have', { minAgeS: 0, maxAgeS: 3600 }, () => true],
])('finds by %s exactly what fits, page by page, newest first', async (_what, filter, fits) => {
  const expected = all.filter(fits);
  for (const limit of [37, COUNT]) {
    const found: JobRecord[] = [];
    for (let before: number | undefined = COUNT + 1, pages = 0; before !== undefined; pages++) {
      const page = await desk.list({ ...filter, limit, before });
      expect(page.jobs.length).toBeLessThanOrEqual(limit);
      expect(pages).toBeLessThanOrEqual(expected.length / limit);
      found.push(...page.jobs);
      before = page.next;
    }
    expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
  }
});

it('tells whether there is a next page, also at the exact end', async () => {
  const exact = await desk.list({ opcode: 'OP_TEST_DELAY', limit: 5 });
  expect([exact.jobs.length, exact.next]).toEqual([5, undefined]);
  const first = await desk.list({ opcode: 'OP_TEST_DELAY', limit: 4 });
  expect(first.next).toBe(first.jobs[3]?.id);
  const second = await desk.list({ opcode: 'OP_TEST_DELAY', limit: 4, before: first.next ?? 0 });
  expect([second.jobs.length, second.next]).toEqual([1, undefined]);
});

it('starts a page where it is told to', async () => {
  expect((await desk.list({ limit: 3, before: 11 })).jobs.map(({ id }) => id)).toEqual([10, 9, 8]);
  expect((await desk.list({ limit: 3, before: 1 })).jobs).toEqual([]);
});

it('leaves out what is younger or older than asked', async () => {
  const fresh = await desk.submit(submission(0));
  const ageS = (record: JobRecord | undefined) => Date.now() / 1000 - (record?.received_ts[0] ?? 0) - (record?.received_ts[1] ?? 0) / 1e6;
  const between = ageS(all[0]) - 0.001;
  await expect.poll(async () => ageS(await desk.read(fresh))).toBeGreaterThan(0);
  const young = await desk.list({ maxAgeS: between, limit: 10 });
  expect(young.jobs.map(({ id }) => id)).toEqual([fresh]);
  const old = await desk.list({ minAgeS: between, limit: 1 });
  expect(old.jobs.map(({ id }) => id)).toEqual([all[0]?.id]);
});

it('reads no record for who wants the numbers only, and no more of an index than a page', async () => {
  const monitor = connectPatiently(redis().url);
  const counts = async () => {
    const stats = await monitor.info('commandstats');
    return (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  };
  const before = await counts();
  const page = await desk.listIds({ status: ['canceled', 'queued'], user: 'user3', limit: 20 });
  const after = await counts();
  expect(page.ids).toEqual((await desk.list({ status: ['canceled', 'queued'], user: 'user3', limit: 20 })).jobs.map(({ id }) => id));
  expect(['hgetall', 'lrange', 'hget'].map((name) => after(name) - before(name))).toEqual([0, 0, 0]);
  expect(after('zrange') - before('zrange')).toBeLessThan(5);
  monitor.disconnect();
});
