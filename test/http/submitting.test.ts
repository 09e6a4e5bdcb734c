// What becomes of requests that change something: accepted, waited for, repeated.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, form, json, type ApiUnderTest } from './api-under-test.js';
import { domainXml } from './domain-xml.js';
import { WEB1_UUID } from './sample-cluster.js';

let api: ApiUnderTest;
beforeAll(async () => void (api = await startTestApi()));
afterAll(() => api.close());

const lastSubmission = () => api.jobs.submissions.at(-1);

it('accepts opcodes as a job and says where it is', async () => {
  const { status, headers, body } = await api.call(
    'POST',
    '/jobs',
    json({ ops: [{ OP_ID: 'OP_VM_SHUTDOWN', vm: 'web1' }], reason: 'why' }),
  );
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/jobs/${body.job}`);
  expect(body.message).toBe('Queued VM_SHUTDOWN(web1).');
  expect(lastSubmission()).toMatchObject({
    ops: [{ OP_ID: 'OP_VM_SHUTDOWN', vm: 'web1', timeout: 90 }],
    user: 'anonymous',
    reason: 'why',
    priority: 0,
    depends: [],
    dryRun: false,
  });
});

it('takes a bare list of opcodes, other values from the query', async () => {
  const { status } = await api.call(
    'POST',
    '/api/v1/jobs?dry-run&priority=-10&depends=[[1,["success"]]]',
    json([{ OP_ID: 'OP_TEST_DELAY', duration: 0 }]),
  );
  expect(status).toBe(202);
  expect(lastSubmission()).toMatchObject({ dryRun: true, priority: -10, depends: [[1, ['success']]] });
});

it.each([
  ['query', '?state=start', {}],
  ['form', '', form({ state: 'start' })],
  ['JSON', '', json({ state: 'start' })],
  ['query and body alike', '?state=start', json({ state: 'start' })],
])('takes values from %s', async (_where, query, init) => {
  const { status, body } = await api.call('POST', `/api/v1/vm/web1/state${query}`, init);
  expect([status, body.message]).toEqual([202, 'Starting VM "web1".']);
  expect(lastSubmission()?.ops).toEqual([{ OP_ID: 'OP_VM_START', vm: 'web1' }]);
});

it.each([
  ['start', 'OP_VM_START'],
  ['shutdown', 'OP_VM_SHUTDOWN'],
  ['stop', 'OP_VM_STOP'],
  ['restart', 'OP_VM_RESTART'],
  ['disable', 'OP_VM_DISABLE'],
])('brings a VM to state %s by %s', async (state, opcode) => {
  expect((await api.call('POST', `/api/v1/vm/web1/state?state=${state}`)).status).toBe(202);
  expect(lastSubmission()?.ops[0]?.OP_ID).toBe(opcode);
});

it.each(['application/xml', 'text/xml; charset=utf-8'])('defines a VM from a raw body of %s', async (type) => {
  const { status, body } = await api.call('POST', '/api/v1/vm?node=hv1', {
    body: domainXml('new', WEB1_UUID),
    headers: { 'content-type': type },
  });
  expect(status).toBe(202);
  expect(body.message).toBe(`Added new VM with Name "new" and UUID "${WEB1_UUID}" to database.`);
  expect(lastSubmission()?.ops).toEqual([
    { OP_ID: 'OP_VM_DEFINE', xml: domainXml('new', WEB1_UUID), node: 'hv1', name: 'new', uuid: WEB1_UUID },
  ]);
});

it('gives a VM without a UUID a random one, in the opcode and in its XML', async () => {
  await api.call('POST', '/api/v1/vm', form({ xml: domainXml('fresh') }));
  const [op] = lastSubmission()?.ops ?? [];
  expect(op?.['uuid']).toMatch(/^[0-9a-f-]{36}$/);
  expect(op?.['xml']).toContain(`<uuid>${String(op?.['uuid'])}</uuid>`);
});

it('undefines and modifies', async () => {
  expect((await api.call('DELETE', '/api/v1/vm/web1?reason=gone')).body.message).toBe('Undefined VM "web1" from the cluster.');
  const { body } = await api.call('PUT', '/api/v1/vm/web1?restart=yes', {
    body: domainXml('web1'),
    headers: { 'content-type': 'application/xml' },
  });
  expect(body.message).toBe('Successfully modified configuration of VM "web1".');
  expect(lastSubmission()?.ops[0]).toMatchObject({ OP_ID: 'OP_VM_MODIFY', vm: 'web1', restart: true });
});

it.each(['é', '名字', 'اسم', 'a b/c+d%'])('carries the name %s through the path', async (name) => {
  expect((await api.call('POST', `/api/v1/vm/${encodeURIComponent(name)}/state?state=stop`)).status).toBe(202);
  expect(lastSubmission()?.ops[0]?.['vm']).toBe(name);
});

it('carries free texts of any characters unharmed', async () => {
  const text = 'é 名字 اسم \u0000 \u202e 😀';
  const op = { OP_ID: 'OP_TEST_DELAY', duration: 0, log: [text] };
  await api.call('POST', '/jobs', json({ ops: [op], reason: text }));
  expect(lastSubmission()).toMatchObject({ ops: [op], reason: text });
  await api.call('DELETE', `/api/v1/vm/web1?reason=${encodeURIComponent(text)}`);
  expect(lastSubmission()?.reason).toBe(text);
});

it('waits for the end when the client prefers that', async () => {
  const answer = api.call('POST', '/api/v1/vm/web1/state?state=start', { headers: { prefer: 'respond-async, wait=10' } });
  await expect.poll(() => api.jobs.waiters).toBe(1);
  const id = (await api.jobs.list({ limit: 1 })).jobs[0]?.id ?? 0;
  api.jobs.end(id, 'success', [{ uuid: WEB1_UUID, state: 'start' }]);
  const { status, headers, body } = await answer;
  expect([status, headers.get('preference-applied'), headers.get('location')]).toEqual([200, 'wait=10', `/jobs/${id}`]);
  expect(body).toEqual({ job: id, message: 'Starting VM "web1".', result: { uuid: WEB1_UUID, state: 'start' } });
});

it.each([
  ['error' as const, [['OpPrereqError', ['node hv1 is not ready', 'wrong_state']]], 409, 'wrong_state', 'node hv1 is not ready'],
  [
    'error' as const,
    [['OpExecError', ['libvirt does not answer', 'environment_error']]],
    503,
    'environment_error',
    'libvirt does not answer',
  ],
  ['canceled' as const, [], 409, 'wrong_state', /was canceled/],
])('answers a job that ends in %s with its class', async (end, opresult, expected, code, message) => {
  const answer = api.call('POST', '/api/v1/vm/web1/state?state=start', { headers: { prefer: 'wait=10' } });
  await expect.poll(() => api.jobs.waiters).toBe(1);
  const id = (await api.jobs.list({ limit: 1 })).jobs[0]?.id ?? 0;
  api.jobs.end(id, end, opresult);
  const { status, headers, body } = await answer;
  expect([status, headers.get('content-type')]).toEqual([expected, 'application/problem+json']);
  expect(body).toMatchObject({ code, status: expected, job: id, message: expect.stringMatching(message) });
});

it('answers 202 when the job takes longer than the client would wait', async () => {
  const { status, headers } = await api.call('DELETE', '/api/v1/vm/web1', { headers: { prefer: 'wait=0' } });
  expect([status, headers.get('preference-applied')]).toEqual([202, 'wait=0']);
});

it('ignores a preference that is no preference', async () => {
  const { status, headers } = await api.call('DELETE', '/api/v1/vm/web1', { headers: { prefer: 'wait=soon' } });
  expect([status, headers.get('preference-applied')]).toEqual([202, null]);
});

it('gives a repeated request the same job, and refuses the key for another', async () => {
  const headers = { 'idempotency-key': 'k1' };
  const define = () => api.call('POST', '/api/v1/vm', { ...form({ xml: domainXml('once') }), headers });
  const first = await define();
  const before = api.jobs.submissions.length;
  expect((await define()).body.job).toBe(first.body.job);
  const other = await api.call('POST', '/api/v1/vm', { ...form({ xml: domainXml('other') }), headers });
  expect([other.status, other.body.code]).toEqual([422, 'wrong_input']);
  expect(api.jobs.submissions.length).toBe(before);
});
