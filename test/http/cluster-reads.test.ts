// PVC's GET routes.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nameFilter } from '../../src/validation/name-pattern.js';
import { startTestApi, type ApiUnderTest } from './api-under-test.js';
import { WEB1_UUID } from './sample-cluster.js';

let api: ApiUnderTest;
beforeEach(async () => void (api = await startTestApi({ RAPID_CLUSTER_STALE_READS_S: '60' })));
afterEach(() => api.close());

const names = async (path: string): Promise<string[]> => (await api.call('GET', path)).body.map(({ name }: { name: string }) => name);

it('says what it is', async () => {
  for (const path of ['/api/v1', '/api/v1/']) expect((await api.call('GET', path)).body).toEqual({ message: 'rapid API version 1' });
});

it.each([
  ['/api/v1/vm', ['dätä 数据 نص', 'web1', 'web2']],
  ['/api/v1/vm?limit=eb', ['web1', 'web2']],
  ['/api/v1/vm?limit=^eb', []],
  ['/api/v1/vm?limit=1$', ['web1']],
  ['/api/v1/vm?limit=(a%2B)%2B$', []],
  ['/api/v1/vm?node=hv1&state=start', ['dätä 数据 نص', 'web1']],
  ['/api/v1/vm?node=hv1&state=stop', []],
  ['/api/v1/node', ['hv1', 'hv2']],
  ['/api/v1/node?limit=2', ['hv2']],
  ['/api/v1/locks', [`vm/${WEB1_UUID}`]],
])('lists %s', async (path, expected) => {
  expect(await names(path)).toEqual(expected);
});

it.each(['/api/v1/vm/web1', `/api/v1/vm/${WEB1_UUID}`])('answers %s with the VM', async (path) => {
  expect((await api.call('GET', path)).body).toMatchObject({ name: 'web1', uuid: WEB1_UUID });
  expect((await api.call('GET', `${path}/state`)).body).toEqual({ name: 'web1', state: 'start' });
});

it('finds names in any script', async () => {
  expect((await api.call('GET', `/api/v1/vm/${encodeURIComponent('dätä 数据 نص')}`)).body.node).toBe('hv1');
  expect(await names(`/api/v1/vm?limit=${encodeURIComponent('数据')}`)).toHaveLength(1);
});

it.each([
  ['/api/v1/vm/nosuch', 404, 'unknown_entity', 'VM not found.'],
  ['/api/v1/vm/nosuch/state', 404, 'unknown_entity', 'VM not found.'],
  ['/api/v1/node/nosuch', 404, 'unknown_entity', 'Node not found.'],
  ['/api/v1/vm?limit=(', 400, 'wrong_input', /^limit: is not a regular expression/],
  [`/api/v1/vm?limit=${'a'.repeat(257)}`, 400, 'wrong_input', /^limit: /],
  ['/api/v1/vm?state=flying', 400, 'wrong_input', /^state: /],
  ['/api/v1/vm?colour=red', 400, 'wrong_input', /^colour: /],
])('answers %s with %i', async (path, expected, code, message) => {
  const { status, body } = await api.call('GET', path);
  expect([status, body.code, body.message]).toEqual([expected, code, expect.stringMatching(message)]);
});

it('runs a pattern that stalls other engines', async () => {
  expect(await names(`/api/v1/vm?limit=${encodeURIComponent('(a+)+$')}`)).toEqual([]);
  const begunMs = performance.now();
  expect(nameFilter('(a+)+$')(`${'a'.repeat(50_000)}!`)).toBe(false);
  expect(performance.now() - begunMs).toBeLessThan(20_000);
});

it('says how old the state is while the store is away', async () => {
  api.cluster.staleSinceMs = Date.now() - 30_500;
  const { status, headers } = await api.call('GET', '/api/v1/vm');
  expect([status, headers.get('warning'), headers.get('age')]).toEqual([200, '110 - "Response is Stale"', '30']);
});

it('answers no reads from a state that is too old, and still accepts jobs', async () => {
  api.cluster.staleSinceMs = Date.now() - 61_500;
  const { status, headers, body } = await api.call('GET', '/api/v1/vm/web1');
  expect([status, headers.get('retry-after'), body.code]).toEqual([503, '5', 'environment_error']);
  expect((await api.call('DELETE', '/api/v1/vm/web1')).status).toBe(202);
});
