// A server that closes gives every answer that it owes, and waits for nobody.
import { expect, it } from 'vitest';
import { startTestApi, json } from './api-under-test.js';

it('ends waiting requests and streams, and resolves when they are answered', async () => {
  const api = await startTestApi();
  const { job } = (await api.call('POST', '/jobs', json([{ OP_ID: 'OP_TEST_DELAY', duration: 1 }]))).body;
  const waiting = api.call('GET', `/jobs/${job}/wait?until=done&timeout=60`);
  const preferring = api.call('DELETE', '/api/v1/vm/web1', { headers: { prefer: 'wait=60' } });
  const events = fetch(`${api.url}/jobs/${job}/events`).then((response) => response.text());
  await expect.poll(() => api.jobs.waiters).toBe(3);
  const begunMs = performance.now();
  await api.close();
  expect(performance.now() - begunMs).toBeLessThan(20_000);
  expect((await waiting).body).toBeNull();
  expect((await preferring).status).toBe(202);
  expect(await events).toContain('event: status');
  await expect(fetch(`${api.url}/healthz`)).rejects.toThrow('fetch failed');
});

it('is not started on an address that others can reach without a token', async () => {
  await expect(startTestApi({ RAPID_LISTEN: '0.0.0.0:0' })).rejects.toMatchObject({ errorClass: 'wrong_input' });
});
