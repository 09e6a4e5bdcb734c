// What goes wrong inside: the client learns the class, the log learns the cause.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { startTestApi, type ApiUnderTest } from './api-under-test.js';

let api: ApiUnderTest;
beforeEach(async () => void (api = await startTestApi()));
afterEach(() => api.close());

it('keeps the text of a defect to itself', async () => {
  api.jobs.read = () => Promise.reject(new TypeError('secret detail'));
  const { status, body } = await api.call('GET', '/jobs/1');
  expect([status, body.code]).toEqual([500, 'internal_error']);
  expect(JSON.stringify(body)).not.toContain('secret');
  expect(api.logged.join('')).toContain('secret detail');
});

it('asks the client to come back when what it stands on is away', async () => {
  api.jobs.submit = () => Promise.reject(new ClassifiedError('environment_error', 'Redis does not answer'));
  const { status, headers, body } = await api.call('DELETE', '/api/v1/vm/web1');
  expect([status, headers.get('retry-after'), body.message]).toEqual([503, '5', 'Redis does not answer']);
});

it('answers an accepted job even when waiting for it fails', async () => {
  api.jobs.waitFor = () => Promise.reject(new ClassifiedError('environment_error', 'Redis does not answer'));
  const { status, headers } = await api.call('DELETE', '/api/v1/vm/web1', { headers: { prefer: 'wait=5' } });
  expect([status, headers.get('location')]).toEqual([202, '/jobs/1']);
});
