// Where a VM is, and how it is asked to go elsewhere, by both of PVC's manuals.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { form, json, startTestApi, type ApiUnderTest } from './api-under-test.js';
import { WEB1_UUID } from './sample-cluster.js';

let api: ApiUnderTest;
beforeAll(async () => void (api = await startTestApi()));
afterAll(() => api.close());

it('says on which node a VM is', async () => {
  for (const reference of ['web1', WEB1_UUID]) {
    const { status, body } = await api.call('GET', `/api/v1/vm/${reference}/node`);
    expect([status, body]).toEqual([200, { name: 'web1', node: 'hv1', last_node: '' }]);
  }
  const { status, body } = await api.call('GET', '/api/v1/vm/web9/node');
  expect([status, body.code, body.message]).toEqual([404, 'unknown_entity', 'VM not found.']);
});

it.each([
  ['node?action=migrate&node=hv2', { OP_ID: 'OP_VM_MIGRATE', node: 'hv2' }, 'Migrating VM "web1" to node "hv2".'],
  ['node?action=migrate&selector=load', { OP_ID: 'OP_VM_MIGRATE', selector: 'load' }, 'Migrating VM "web1" to another node.'],
  ['node?action=migrate&force', { OP_ID: 'OP_VM_MIGRATE', force: true }, 'Migrating VM "web1" to another node.'],
  ['node?action=migrate&force=no&permanent=no', { OP_ID: 'OP_VM_MIGRATE' }, 'Migrating VM "web1" to another node.'],
  ['node?action=move&node=hv2', { OP_ID: 'OP_VM_MOVE', node: 'hv2' }, 'Permanently migrating VM "web1" to node "hv2".'],
  [
    'node?action=migrate&permanent&selector=mem',
    { OP_ID: 'OP_VM_MOVE', selector: 'mem' },
    'Permanently migrating VM "web1" to another node.',
  ],
  ['node?action=unmigrate', { OP_ID: 'OP_VM_UNMIGRATE' }, 'Unmigrating VM "web1" back to its previous node.'],
  ['migrate', { OP_ID: 'OP_VM_MIGRATE' }, 'Migrating VM "web1" to another node.'],
  ['migrate?node=hv2&flag_force', { OP_ID: 'OP_VM_MIGRATE', node: 'hv2', force: true }, 'Migrating VM "web1" to node "hv2".'],
  ['move?selector=vms', { OP_ID: 'OP_VM_MOVE', selector: 'vms' }, 'Permanently migrating VM "web1" to another node.'],
  ['unmigrate', { OP_ID: 'OP_VM_UNMIGRATE' }, 'Unmigrating VM "web1" back to its previous node.'],
])('POST %s', async (path, op, message) => {
  const { status, body } = await api.call('POST', `/api/v1/vm/web1/${path}`);
  expect([status, body.message]).toEqual([202, message]);
  expect(api.jobs.submissions.at(-1)?.ops).toEqual([{ vm: 'web1', force: false, ...op }].map(withoutForceUnlessMigrating));
});

/** Only a migration has it; left out, it is filled in. */
function withoutForceUnlessMigrating({ force, ...op }: { OP_ID: string; force: boolean }): Record<string, unknown> {
  return op.OP_ID === 'OP_VM_MIGRATE' ? { ...op, force } : op;
}

it.each([
  ['form', form({ action: 'migrate', node: 'hv2', force: 'true' })],
  ['JSON', json({ action: 'migrate', node: 'hv2', force: true })],
])('takes the values from %s', async (_where, init) => {
  expect((await api.call('POST', '/api/v1/vm/web1/node', init)).status).toBe(202);
  expect(api.jobs.submissions.at(-1)?.ops).toEqual([{ OP_ID: 'OP_VM_MIGRATE', vm: 'web1', node: 'hv2', force: true }]);
});

it('checks only, when it is told so', async () => {
  const { status, body } = await api.call('POST', '/api/v1/vm/web1/node?action=migrate&dry_run=true');
  expect([status, body.message]).toEqual([202, 'Dry run: Migrating VM "web1" to another node.']);
  expect(api.jobs.submissions.at(-1)?.dryRun).toBe(true);
});

it.each([
  ['node', '/action'],
  ['node?action=walk', '/action'],
  ['node?action=unmigrate&node=hv2', '/node'],
  ['node?action=unmigrate&selector=mem', '/selector'],
  ['node?action=unmigrate&permanent=yes', '/permanent'],
  ['node?action=unmigrate&force=yes', '/force'],
  ['node?action=move&force=yes', '/force'],
  ['node?action=migrate&permanent=yes&force=yes', '/force'],
  ['node?action=migrate&selector=luck', '/selector'],
  ['node?action=migrate&node=-', '/node'],
  ['migrate?force=yes', '/force'],
  ['move?flag_force=yes', '/flag_force'],
  ['unmigrate?node=hv1', '/node'],
])('names what is wrong with POST %s, and queues nothing', async (path, pointer) => {
  const before = api.jobs.submissions.length;
  const { status, body } = await api.call('POST', `/api/v1/vm/web1/${path}`);
  expect([status, body.code]).toEqual([400, 'wrong_input']);
  expect(body.errors).toContainEqual({ pointer, message: expect.any(String) });
  expect(api.jobs.submissions).toHaveLength(before);
});
