// A job's events as a stream.
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventStream, type ServerSentEvent } from '../../src/http/server-sent-events.js';
import { startTestApi, json, type ApiUnderTest } from './api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => void (api = await startTestApi()));
afterAll(() => api.close());

const submitted = async (): Promise<number> => (await api.call('POST', '/jobs', json([{ OP_ID: 'OP_TEST_DELAY', duration: 1 }]))).body.job;

/** The events of a stream's text, comments left out. */
const events = (text: string) =>
  text
    .split('\n\n')
    .filter((block) => block.startsWith('id:'))
    .map((block) =>
      Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])),
    );

it('tells past and coming events and ends with the job', async () => {
  const id = await submitted();
  const response = await fetch(`${api.url}/jobs/${id}/events`);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  api.jobs.log(id, 'line\nbreak');
  api.jobs.end(id, 'success', [null]);
  const told = events(await response.text());
  expect(told.map((event) => [event['id'], event['event']])).toEqual([
    ['1', 'status'],
    ['2', 'log'],
    ['3', 'status'],
  ]);
  expect(JSON.parse(told[1]?.['data'] ?? '')).toMatchObject({
    serial: 2,
    type: 'log',
    entry: [2, expect.any(Array), 'message', 'line\nbreak'],
  });
});

it('resumes after the event that the client has', async () => {
  const id = await submitted();
  api.jobs.end(id, 'success', [null]);
  const response = await fetch(`${api.url}/jobs/${id}/events`, { headers: { 'last-event-id': '1' } });
  expect(events(await response.text()).map((event) => event['id'])).toEqual(['2']);
});

it('refuses an event id that is none', async () => {
  const id = await submitted();
  const { status } = await api.call('GET', `/jobs/${id}/events`, { headers: { 'last-event-id': 'x' } });
  expect(status).toBe(400);
});

it('stops following when the client goes away', async () => {
  const id = await submitted();
  const leaving = new AbortController();
  await fetch(`${api.url}/jobs/${id}/events`, { signal: leaving.signal });
  await expect.poll(() => api.jobs.waiters).toBe(1);
  leaving.abort();
  await expect.poll(() => api.jobs.waiters).toBe(0);
});

async function* failing(): AsyncGenerator<ServerSentEvent> {
  yield { id: 1, event: 'status', data: null };
  throw new Error('the source is gone');
}

it('keeps a silent stream alive', async () => {
  const silence = new PassThrough({ objectMode: true });
  const told = eventStream(silence, 1);
  expect((await told.next()).value).toBe(':\n\n');
  expect((await told.next()).value).toBe(':\n\n');
  silence.end();
  for await (const chunk of told) expect(chunk).toBe(':\n\n');
});

it('fails when the events fail, even between two looks at them', async () => {
  const told = eventStream(failing());
  await told.next();
  expect((await told.next()).value).toContain('id: 1');
  await new Promise(setImmediate);
  await expect(told.next()).rejects.toThrow('the source is gone');
});
