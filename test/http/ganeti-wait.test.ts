// Ganeti's clients send `wait` as a GET with a JSON body, which fetch can't.
import { request } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, json, type ApiUnderTest } from './api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => void (api = await startTestApi()));
afterAll(() => api.close());

it('reads the body of a GET', async () => {
  const { job } = (await api.call('POST', '/jobs', json([{ OP_ID: 'OP_TEST_DELAY', duration: 1 }]))).body;
  api.jobs.log(job, 'first');
  const wait = { fields: ['id', 'status'], previous_job_info: [job, 'queued'], previous_log_serial: 1 };
  const { statusCode, body } = await request(`${api.url}/jobs/${job}/wait`, {
    method: 'GET',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wait),
  });
  expect(statusCode).toBe(200);
  expect(await body.json()).toEqual({ job_info: [job, 'queued'], log_entries: [[2, expect.any(Array), 'message', 'first']] });
});
