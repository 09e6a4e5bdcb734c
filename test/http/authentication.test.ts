// Who may do what, and that tokens stay out of logs and errors.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, form, json, sha256, type ApiUnderTest } from './api-under-test.js';

const WRITER = 'writer-secret-1';
const READER = 'reader-secret-2';

let api: ApiUnderTest;
beforeAll(async () => {
  const tokens = [
    { name: 'alice', access: 'write', sha256: sha256(WRITER) },
    { name: 'viewer', access: 'read', sha256: sha256(READER) },
  ];
  api = await startTestApi({ RAPID_AUTH_TOKENS: JSON.stringify(tokens) });
});
afterAll(() => api.close());

const START = '/api/v1/vm/web1/state';
const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

it.each<[string, string, RequestInit]>([
  ['Authorization', '?state=start', bearer(WRITER)],
  ['X-Api-Key', '?state=start', { headers: { 'x-api-key': WRITER } }],
  ['the query', `?state=start&token=${WRITER}`, {}],
  ['a form', '', form({ state: 'start', token: WRITER })],
  ['JSON', '', json({ state: 'start', token: WRITER })],
])('takes the token from %s', async (_where, query, init) => {
  expect((await api.call('POST', `${START}${query}`, init)).status).toBe(202);
  expect(api.jobs.submissions.at(-1)?.user).toBe('alice');
});

it.each<[string, string, RequestInit]>([
  ['no token', '?state=start', {}],
  ['a wrong token', '?state=start', bearer('wrong')],
  ['a part of a token', '?state=start', bearer(WRITER.slice(0, -1))],
  ['an empty token', '?state=start&token=', {}],
  ['another scheme', '?state=start', { headers: { authorization: `Basic ${WRITER}` } }],
  ['no token and wrong values', '?nonsense=%ff', {}],
  ['no token and a broken body', '', { body: '{', headers: { 'content-type': 'application/json' } }],
  ['no token and a body that is too large', '', json({ state: 'x'.repeat(3_000_000) })],
])('answers 401 to %s', async (_what, query, init) => {
  const { status, headers, body } = await api.call('POST', `${START}${query}`, init);
  expect([status, headers.get('www-authenticate'), body.status]).toEqual([401, 'Bearer', 401]);
});

it('lets a read token read and nothing else', async () => {
  expect((await api.call('GET', '/api/v1/vm', bearer(READER))).status).toBe(200);
  expect((await api.call('HEAD', '/api/v1/vm', bearer(READER))).status).toBe(200);
  expect((await api.call('POST', `${START}?state=start`, bearer(READER))).status).toBe(403);
  expect((await api.call('POST', START, form({ state: 'start', token: READER }))).status).toBe(403);
  expect((await api.call('DELETE', '/jobs/1', bearer(READER))).status).toBe(403);
});

it('tells only whom it knows what is wrong with a request', async () => {
  expect((await api.call('POST', `${START}?state=fly`, bearer(WRITER))).status).toBe(400);
  expect((await api.call('POST', `${START}?token=${WRITER}`, json({ state: 'x'.repeat(3_000_000) }))).status).toBe(413);
});

it('says without a token that it lives', async () => {
  expect((await api.call('GET', '/healthz')).body).toEqual({ status: 'ok' });
});

it('logs users and never tokens', () => {
  const log = api.logged.join('');
  expect(log).toContain('"user":"alice"');
  expect(log).not.toContain(WRITER);
  expect(log).not.toContain(READER);
});
