// The history of a test's cluster finds what was done without the locks for it.
import { expect, it } from 'vitest';
import { createLocks, type LockRequest } from '../../src/cluster/locks.js';
import { fencedStore, type LockEntry } from '../../src/cluster/fence.js';
import { locksPath } from '../../src/cluster/lock-order.js';
import { openMemoryTree } from '../../src/cluster/memory/memory-tree.js';
import { openSimulatedCeph } from '../../workers/drivers/simulated/simulated-ceph.js';
import { openSimulatedWorld } from '../../workers/drivers/simulated/simulated-world.js';
import { guestXml, newGuest } from '../harness/guests.js';
import { recordHistory } from '../harness/history.js';

const guest = newGuest('web1');
const VM: LockRequest = { mode: 'exclusive', resource: `vm/${guest.uuid}` };
const VOLUME: LockRequest = { mode: 'exclusive', resource: 'volume/vms/a' };

async function stage() {
  const tree = await openMemoryTree({ roots: ['/vms', locksPath] });
  const history = recordHistory(tree);
  const session = history.watched(tree.openSession());
  const world = await openSimulatedWorld({ nodes: [{ name: 'hv1', cpuCount: 4, memoryMib: 4096 }] });
  const ceph = await openSimulatedCeph({ nodes: ['hv1'] });
  const hold = async (...requests: LockRequest[]) =>
    await createLocks(session, { worker: 'one' }).acquire(requests, { job: 7, opcode: 'OP_A', signal: new AbortController().signal });
  const under = (entries: readonly LockEntry[]) => ({
    create: () => fencedStore(session, entries).commit([{ kind: 'create', path: `/vms/${guest.uuid}`, data: '{}' }]),
    define: async () => await (await history.hypervisors(world.hypervisors).on('hv1', { entries })).define(guestXml(guest)),
    createVolume: async () => await history.ceph(ceph.open)({ entries }).createVolume({ pool: 'vms', volume: 'a' }, 4096),
  });
  await ceph.open().createPool({ name: 'vms', pgs: 1, copies: 1, minCopies: 1 });
  return { history, session, hold, under };
}

it('has no objection to what is done under the locks for it', async () => {
  const { history, hold, under } = await stage();
  const { entries } = await hold(VM, VOLUME);
  const { create, define, createVolume } = under(entries);
  await create();
  await define();
  await createVolume();
  expect(history.deeds).toEqual([
    expect.stringMatching(`job 7 OP_A.*: create /vms/${guest.uuid}`),
    expect.stringMatching('job 7 OP_A.*: define <domain'),
    expect.stringMatching('job 7 OP_A.*: createVolume .*"volume":"a"'),
  ]);
  expect(history.violations).toEqual([]);
});

it('objects to what is done under no lock, and under another one', async () => {
  const { history, hold, under } = await stage();
  const { entries } = await hold({ ...VM, mode: 'shared' }, { ...VOLUME, resource: 'volume/vms/b' });
  await under([]).create();
  await under(entries).define();
  await under(entries).createVolume();
  expect(history.violations).toEqual([
    expect.stringContaining(`nobody: create /vms/${guest.uuid}, though vm/${guest.uuid} was not held`),
    expect.stringMatching(`job 7 .*define .* though vm/${guest.uuid} was not held`),
    expect.stringMatching('job 7 .*createVolume .* though volume/vms/a or pool/vms or storage/ceph was not held'),
  ]);
});

it('objects to what is done under a lock that was given up or is only waited for, and lets no node do it', async () => {
  const { history, session, hold, under } = await stage();
  const held = await hold(VM);
  const waiting = hold(VOLUME, VM);
  const inLine = async () => (await session.children(`${locksPath}/${encodeURIComponent(VM.resource)}`)).length;
  await expect.poll(inLine).toBe(2);
  const queue = await session.children(`${locksPath}/${encodeURIComponent(VM.resource)}`);
  const waiter = queue.map((name) => ({ path: `${locksPath}/${encodeURIComponent(VM.resource)}/${name}`, version: 0 }));
  await under(waiter).create();
  expect(history.violations).toEqual([expect.stringContaining(`vm/${guest.uuid} was only waited for`)]);
  await held.release();
  await expect(under(held.entries).define()).rejects.toMatchObject({ errorClass: 'environment_error' });
  await (await waiting).release();
  await expect(under(held.entries).create()).rejects.toThrow('gone');
  await under(held.entries).createVolume();
  expect(history.violations).toHaveLength(2);
  expect(history.violations[1]).toContain(`vm/${guest.uuid} was given up`);
});
