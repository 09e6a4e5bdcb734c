// The rules by which an agent follows what it sees, one by one.
import { expect, it } from 'vitest';
import type { NodeReport } from '../../src/cluster/node-documents.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import type { DomainSighting } from '../../workers/drivers/hypervisor.js';
import { judge } from '../../workers/agent/verdict.js';
import { nodeReport } from '../harness/cluster.js';

const UUID = 'a';
const vm = (state: VmDocument['state'], more: Partial<VmDocument> = {}) =>
  ({ uuid: UUID, state, node: 'here', last_node: '', target_node: '', failed_reason: '', ...more }) as VmDocument;
const seen = (endReason?: DomainSighting['endReason']): DomainSighting => ({
  uuid: UUID,
  name: 'n',
  state: endReason === undefined ? 'running' : 'shutoff',
  memoryMib: 1,
  vcpus: 1,
  ...(endReason === undefined ? {} : { endReason }),
});
const reports = (runsOn: Record<string, boolean>) => {
  const all = new Map<string, NodeReport>(
    Object.entries(runsOn).map(([node, runs]) => [node, nodeReport({ running_domains: runs ? [UUID] : [] })]),
  );
  return { find: async (node: string) => all.get(node), all: async () => all };
};
const alone = reports({ here: false, there: false });
const elsewhere = reports({ here: false, there: true });
const started = { state: 'start', failed_reason: '', target_node: '' };
const stopped = { ...started, state: 'stop' };

it.each([
  ['runs and should', vm('start'), seen(), alone, 'fine'],
  ['runs though it was stopped', vm('stop'), seen(), alone, { change: started, patience: 'none' }],
  ['runs on its way, with no job at it', vm('migrate', { target_node: 'there' }), seen(), alone, { change: started, patience: 'job' }],
  ['powered itself off', vm('start'), seen('shutdown'), alone, { change: stopped, undefine: true, patience: 'none' }],
  ['was cut off by hand', vm('restart'), seen('destroyed'), alone, { change: stopped, undefine: true, patience: 'none' }],
  ['powered off here, and runs elsewhere', vm('start'), seen('shutdown'), elsewhere, 'wait'],
  ['was migrated by hand, and runs there', vm('start'), seen('migrated'), elsewhere, 'wait'],
  ['powered off on its way', vm('migrate'), seen('shutdown'), alone, { change: stopped, undefine: true, patience: 'job' }],
  ['crashed', vm('start'), seen('crashed'), alone, { undefine: true, patience: 'none' }],
  ['is gone', vm('start'), undefined, alone, 'fine'],
  ['is gone while it was restarted', vm('restart'), undefined, alone, { change: started, patience: 'none' }],
  ['is gone while it was shut down', vm('shutdown'), undefined, alone, { change: stopped, patience: 'none' }],
  ['is gone on its way', vm('migrate'), undefined, alone, { change: started, patience: 'job' }],
  ['is gone, and was stopped', vm('stop'), undefined, alone, 'fine'],
  ['is left over', vm('disable'), seen('unknown'), alone, { undefine: true, patience: 'none' }],
  [
    'is another node’s, which does not have it',
    vm('start', { node: 'there' }),
    seen(),
    alone,
    { change: { ...started, node: 'here', last_node: '' }, patience: 'looks' },
  ],
  [
    'came back by hand',
    vm('start', { node: 'there', last_node: 'here' }),
    seen(),
    alone,
    { change: { ...started, node: 'here', last_node: '' }, patience: 'looks' },
  ],
  ['is another node’s, which has it', vm('start', { node: 'there' }), seen(), elsewhere, 'wait'],
  ['is a dead node’s', vm('start', { node: 'dead' }), seen(), alone, 'wait'],
  ['is arriving', vm('migrate', { node: 'there', target_node: 'here' }), seen(), alone, expect.objectContaining({ patience: 'job' })],
  [
    'was left behind by a migration by hand',
    vm('start', { node: 'there' }),
    seen('migrated'),
    alone,
    { undefine: true, patience: 'looks' },
  ],
  ['is another node’s, and only defined here', vm('start', { node: 'there' }), seen('unknown'), alone, 'fine'],
] as const)('a guest that %s', async (_what, document, sighting, told, verdict) => {
  expect(await judge('here', document, sighting, told)).toEqual(verdict);
});

it('does not let a guest be started again that went where no agent sees it', async () => {
  const verdict = await judge('here', vm('start'), seen('migrated'), alone);
  expect(verdict).toMatchObject({
    change: { state: 'fail', failed_reason: expect.stringContaining('migrated away from here') },
    patience: 'looks',
  });
});
