// PVC's endpoints for the states of a node.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { form, json, startTestApi, type ApiUnderTest } from './api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => void (api = await startTestApi()));
afterAll(() => api.close());

const lastOps = () => api.jobs.submissions.at(-1)?.ops;

it.each([
  ['daemon-state', { name: 'hv1', daemon_state: 'run' }],
  ['coordinator-state', { name: 'hv1', coordinator_state: 'client' }],
  ['domain-state', { name: 'hv1', domain_state: 'ready' }],
])('answers GET %s with that state alone', async (path, expected) => {
  expect((await api.call('GET', `/api/v1/node/hv1/${path}`)).body).toEqual(expected);
  const { status, body } = await api.call('GET', `/api/v1/node/nosuch/${path}`);
  expect([status, body.code, body.message]).toEqual([404, 'unknown_entity', 'Node not found.']);
});

const primary = ['OP_NODE_PRIMARY', 'Setting node hv1 in primary router mode.'];
const secondary = ['OP_NODE_SECONDARY', 'Setting node hv1 in secondary router mode.'];
const flush = ['OP_NODE_FLUSH', 'Flushing hypervisor hv1 of running VMs.'];
const ready = ['OP_NODE_READY', 'Restoring hypervisor hv1 to active service.'];

it.each([
  ['coordinator-state?state=primary', {}, primary],
  ['coordinator-state?coordinator-state=secondary', {}, secondary],
  ['coordinator-state', json({ coordinator_state: 'primary' }), primary],
  ['coordinator-state', form({ 'coordinator-state': 'secondary' }), secondary],
  ['domain-state?state=flush', {}, flush],
  ['domain-state', form({ 'domain-state': 'ready' }), ready],
  ['primary', {}, primary],
  ['secondary', {}, secondary],
  ['flush', {}, flush],
  ['unflush', {}, ready],
  ['ready', {}, ready],
])('takes POST %s', async (path, init, [opcode, message]) => {
  const { status, body } = await api.call('POST', `/api/v1/node/hv1/${path}`, init);
  expect([status, body.message]).toEqual([202, message]);
  expect(lastOps()).toEqual([{ OP_ID: opcode, node: 'hv1' }]);
});

it('evacuates a node only for those who say that they mean it', async () => {
  const path = '/api/v1/node/hv1/evacuate';
  expect((await api.call('POST', `${path}?yes-i-really-mean-it`)).body.message).toBe('Starting the VMs of node hv1 elsewhere.');
  expect(lastOps()).toEqual([{ OP_ID: 'OP_NODE_EVACUATE', node: 'hv1', yes_i_really_mean_it: true }]);
  for (const query of ['', '?yes_i_really_mean_it=false', '?yes_i_really_mean_it=maybe', '?dry_run']) {
    const { status, body } = await api.call('POST', `${path}${query}`);
    expect([status, body.code, body.message]).toEqual([400, 'wrong_input', expect.stringContaining('yes_i_really_mean_it')]);
  }
});

it.each([
  ['coordinator-state', 'state'],
  ['coordinator-state?state=client', 'state'],
  ['coordinator-state?state=primary&coordinator-state=secondary', 'state'],
  ['coordinator-state?domain-state=ready', 'domain-state'],
  ['domain-state?state=flushed', 'state'],
  ['primary?state=primary', 'state'],
])('refuses POST %s', async (path, name) => {
  const { status, body } = await api.call('POST', `/api/v1/node/hv1/${path}`);
  expect([status, body.code, body.message]).toEqual([400, 'wrong_input', expect.stringContaining(name)]);
});
