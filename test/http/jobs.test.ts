// The jobs' own routes: the list, one job, waiting, cancelling.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, json, type ApiUnderTest } from './api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => void (api = await startTestApi()));
afterAll(() => api.close());

async function submitted(op: object = { OP_ID: 'OP_TEST_DELAY', duration: 1 }): Promise<number> {
  return (await api.call('POST', '/jobs', json([op]))).body.job;
}

it('lists jobs newest first, in pages that lead to each other', async () => {
  const ids = [await submitted(), await submitted(), await submitted()];
  const first = await api.call('GET', '/api/v1/jobs?limit=2&status=queued,running&user=anonymous');
  expect(first.body).toEqual(
    ids
      .slice(1)
      .toReversed()
      .map((id) => ({ id, uri: `/jobs/${id}` })),
  );
  const link = first.headers.get('link') ?? '';
  expect(link).toMatch(/^<\/api\/v1\/jobs\?.*>; rel="next"$/);
  const next = await api.call('GET', link.slice(1, link.indexOf('>')));
  expect(next.body[0]).toEqual({ id: ids[0], uri: `/jobs/${ids[0]}` });
});

it('filters the list, and gives whole records in bulk', async () => {
  const id = await submitted({ OP_ID: 'OP_VM_START', vm: 'only' });
  const { body } = await api.call('GET', '/jobs?bulk&resource=vm/only&opcode=OP_VM_START&status=queued&status=error&min_age=0&max_age=9');
  expect(body).toHaveLength(1);
  expect(body[0]).toMatchObject({ id, summary: ['VM_START(only)'], status: 'queued' });
  expect((await api.call('GET', '/jobs?resource=vm/none')).body).toEqual([]);
});

it('shows which jobs a job has submitted, which nobody else can claim', async () => {
  const [parent, child] = [await submitted(), await submitted()];
  api.jobs.adopt(child, parent);
  const { body } = await api.call('GET', `/jobs?parent=${parent}&bulk=1`);
  expect(body).toMatchObject([{ id: child, parent, children: [], status: 'queued', opresult: [null] }]);
  expect((await api.call('GET', `/jobs/${parent}`)).body).toMatchObject({ parent: null, children: [child] });
  expect((await api.call('GET', `/jobs?parent=${child}`)).body).toEqual([]);
  const ops = [{ OP_ID: 'OP_TEST_DELAY', duration: 1 }];
  for (const request of [{ ops, parent }, { ops: [{ ...ops[0], parent }] }]) {
    expect((await api.call('POST', '/jobs', json(request))).status).toBe(400);
  }
});

it.each([
  '/jobs/abc',
  '/jobs?parent=0',
  '/jobs/0',
  '/jobs/-1',
  '/jobs/1.5',
  '/jobs/99999999999999999999',
  '/jobs?limit=0',
  '/jobs?limit=1001',
  '/jobs?min_age=-1',
  '/jobs?status=done',
])('answers 400 to %s', async (path) => {
  const { status, body } = await api.call('GET', path);
  expect([status, body.code]).toEqual([400, 'wrong_input']);
});

it.each(['GET /jobs/9999', 'DELETE /jobs/9999', 'GET /jobs/9999/wait?until=done', 'GET /jobs/9999/events'])(
  'answers 404 to %s',
  async (request) => {
    const [method = '', path = ''] = request.split(' ');
    const { status, body } = await api.call(method, path);
    expect([status, body.code]).toEqual([404, 'unknown_entity']);
  },
);

it('cancels', async () => {
  const id = await submitted();
  expect((await api.call('DELETE', `/jobs/${id}`)).body).toEqual([true, `Dequeued job ${id}`]);
  expect((await api.call('DELETE', `/api/v1/jobs/${id}`)).body).toEqual([false, `Job ${id} has ended`]);
});

it('answers a first wait at once', async () => {
  const id = await submitted();
  const { body } = await api.call('GET', `/jobs/${id}/wait?fields=status,id,oppriority`);
  expect(body).toEqual({ job_info: ['queued', id, [0]], log_entries: [] });
});

it('answers a wait as soon as there is a log entry', async () => {
  const id = await submitted();
  const query = new URLSearchParams({ fields: '["status"]', previous_job_info: '["queued"]', previous_log_serial: 'null' });
  const answer = api.call('GET', `/jobs/${id}/wait?${query.toString()}`);
  await expect.poll(() => api.jobs.waiters).toBe(1);
  api.jobs.log(id, 'news');
  expect((await answer).body).toMatchObject({
    job_info: ['queued'],
    log_entries: [[expect.any(Number), expect.any(Array), 'message', 'news']],
  });
});

it('answers null when nothing changes, and at once when the job has ended', async () => {
  const id = await submitted();
  const wait = `/jobs/${id}/wait?fields=status,opresult&timeout=0.02`;
  expect((await api.call('GET', `${wait}&previous_job_info=["queued",[null]]`)).body).toBeNull();
  expect((await api.call('GET', `/jobs/${id}/wait?until=done&timeout=0.02`)).body).toBeNull();
  api.jobs.end(id, 'success', [null]);
  expect((await api.call('GET', `${wait}&previous_job_info=["success",[null]]`)).body).toEqual({
    job_info: ['success', [null]],
    log_entries: [],
  });
  expect((await api.call('GET', `/jobs/${id}/wait?until=done`)).body).toMatchObject({ id, status: 'success' });
});

it.each([
  ['fields=status,speed', '/fields/1'],
  ['previous_log_serial=0', '/fields'],
  ['fields=status&previous_log_serial=-1', '/previous_log_serial'],
  ['until=done&timeout=61', '/timeout'],
])('refuses to wait with %s', async (query, pointer) => {
  const { status, body } = await api.call('GET', `/jobs/1/wait?${query}`);
  expect([status, body.errors[0].pointer]).toEqual([400, pointer]);
});
