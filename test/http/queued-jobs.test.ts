// The API over the real queue: what is answered as accepted is in Redis.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import { startApi, type Api } from '../../src/http/start-api.js';
import { openJobDesk } from '../../src/jobs/desk.js';
import { startRedis, type RedisHandle } from '../lab/redis.js';
import { callerOf, json } from './api-under-test.js';
import { domainXml } from './domain-xml.js';
import { sampleCluster } from './sample-cluster.js';

let dir: string;
let redis: RedisHandle;
let jobs: Awaited<ReturnType<typeof openJobDesk>>;
let api: Api;
let call: ReturnType<typeof callerOf>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rapid-http-'));
  redis = await startRedis({ dir });
  jobs = await openJobDesk({ redisUrl: redis.url, prefix: '{rapid}', keepCount: 100, idempotencyS: 60 });
  const config = loadConfig({ RAPID_LISTEN: '127.0.0.1:0' });
  api = await startApi({ jobs, cluster: sampleCluster(), config, log: pino({ level: 'silent' }) });
  call = callerOf(api.url);
});
afterAll(async () => {
  await api.close();
  await jobs.close();
  await redis.stop();
  await rm(dir, { recursive: true });
});

it('keeps a job with any text and finds it by what it is about', async () => {
  const reason = 'é 名字 اسم \u0000 \ud800 😀';
  const { body } = await call('POST', '/jobs', json({ ops: [{ OP_ID: 'OP_VM_START', vm: 'wéb' }], reason }));
  expect((await call('GET', `/jobs/${body.job}`)).body).toMatchObject({
    id: body.job,
    status: 'queued',
    reason,
    summary: ['VM_START(wéb)'],
  });
  const found = await call('GET', `/jobs?bulk=1&resource=${encodeURIComponent('vm/wéb')}`);
  expect(found.body.map(({ id }: { id: number }) => id)).toEqual([body.job]);
});

it('gives a repeated definition the same job though its UUID would be another', async () => {
  const headers = { 'content-type': 'application/xml', 'idempotency-key': 'define-1' };
  const define = (name: string) => call('POST', '/api/v1/vm', { body: domainXml(name), headers });
  const [first, second, other] = [await define('a'), await define('a'), await define('b')];
  expect([first.status, second.body.job]).toEqual([202, first.body.job]);
  expect([other.status, other.body.code]).toEqual([422, 'wrong_input']);
});

it('cancels a queued job, tells its events and answers who waits for it', async () => {
  const { job } = (await call('POST', '/jobs', json([{ OP_ID: 'OP_TEST_DELAY', duration: 1 }]))).body;
  const done = call('GET', `/jobs/${job}/wait?until=done&timeout=20`);
  expect((await call('DELETE', `/jobs/${job}`)).body[0]).toBe(true);
  expect((await done).body.status).toBe('canceled');
  const events = await (await fetch(`${api.url}/jobs/${job}/events`)).text();
  expect(events).toContain('"status":"canceled"');
});

it('refuses a dependency that does not exist', async () => {
  const { status, body } = await call('POST', '/jobs', json({ ops: [{ OP_ID: 'OP_TEST_DELAY', duration: 1 }], depends: [[99_999, []]] }));
  expect([status, body.code]).toEqual([404, 'unknown_entity']);
});

it('gives a repeated request the first message, and the same job when its members come in another order', async () => {
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'define-2' };
  const define = (body: string) => call('POST', '/api/v1/vm', { body, headers });
  const xml = JSON.stringify(domainXml('again'));
  const first = await define(`{"xml": ${xml}, "reason": "because"}`);
  const second = await define(`{"reason": "because", "xml": ${xml}}`);
  expect([first.status, second.body]).toEqual([202, first.body]);
});

it('accepts several jobs in one step, all or none', async () => {
  const op = { OP_ID: 'OP_TEST_DELAY', duration: 1 };
  const { status, body } = await call(
    'POST',
    '/jobs',
    json({ jobs: [{ ops: [op] }, { ops: [op], depends: [[-1, ['success']]], priority: -10 }] }),
  );
  const [first = 0, second = 0] = body.jobs as number[];
  expect([status, second, body.message]).toEqual([202, first + 1, 'Queued 2 jobs.']);
  expect((await call('GET', `/jobs/${second}`)).body).toMatchObject({ depends: [[first, ['success']]], priority: -10 });
  const refused = async (given: unknown) => {
    const answer = await call('POST', '/jobs', json(given));
    return [answer.status, answer.body.errors?.map(({ pointer }: { pointer: string }) => pointer)];
  };
  expect(await refused({ jobs: [{ ops: [op] }, { ops: [{ OP_ID: 'OP_NONE' }] }] })).toEqual([400, ['/jobs/1/ops/0/OP_ID']]);
  expect(await refused({ jobs: [{ ops: [op], depends: [[-1, []]] }] })).toEqual([400, ['/depends/0/0']]);
  expect(await refused({ jobs: [{ ops: [op] }], priority: 10 })).toEqual([400, ['/priority']]);
  expect(await refused({ reason: 'none' })).toEqual([400, ['/ops']]);
  expect((await call('GET', '/jobs?limit=1')).body[0].id).toBe(second);
});
