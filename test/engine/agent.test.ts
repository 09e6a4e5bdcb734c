// The agent: what happens to a guest without any request stands in the cluster's state soon, and nothing else is touched.
import { expect, it } from 'vitest';
import { NODE_REPORTS, reportNode } from '../../src/cluster/node-documents.js';
import { nodeReports } from '../../src/cluster/node-reports.js';
import { VMS, type VmDocument } from '../../src/cluster/vm-documents.js';
import { addAgent } from '../harness/agent.js';
import { nodeReport, startCluster, type TestCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { addGuest, guestXml, newGuest, type Guest, type GuestWish } from '../harness/guests.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

const SOON = { timeout: patience(30_000) };
/** That of the default settings. */
const INTERVAL_MS = 2000;

const reportOf = async ({ store }: TestCluster, node: string) => await nodeReports(store).find(node);

async function clusterWithAgent(guest: Guest, wish: GuestWish) {
  const cluster = await startCluster({ redisUrl: redis().url });
  await addGuest(cluster, guest, wish);
  await addAgent(cluster, 'hv1', INTERVAL_MS);
  const seen = async () => {
    const { state, failed_reason } = await cluster.vms.get(guest.uuid);
    return { state, failed_reason, domains: cluster.world.snapshot()['hv1']?.length };
  };
  return { ...cluster, seen };
}

it('sees a guest that powers itself off', async () => {
  const guest = newGuest('web1');
  const { world, seen } = await clusterWithAgent(guest, { state: 'start' });
  await world.powerOff(guest.uuid);
  await expect.poll(seen, SOON).toEqual({ state: 'stop', failed_reason: '', domains: 0 });
});

it('sees a guest whose power is cut by hand', async () => {
  const guest = newGuest('web1');
  const { world, seen } = await clusterWithAgent(guest, { state: 'start' });
  await (await world.hypervisors.on('hv1')).destroy(guest.uuid);
  await expect.poll(seen, SOON).toEqual({ state: 'stop', failed_reason: '', domains: 0 });
});

it('sees a guest that crashes, which should run all the same', async () => {
  const guest = newGuest('web1');
  const { world, seen } = await clusterWithAgent(guest, { state: 'start' });
  await world.crash(guest.uuid);
  await expect.poll(seen, SOON).toEqual({ state: 'start', failed_reason: '', domains: 0 });
});

it('sees a guest that is started by hand, and what became of others while there was no agent', async () => {
  const [guest, off, gone] = [newGuest('web1'), newGuest('web2'), newGuest('web3')];
  const cluster = await startCluster({ redisUrl: redis().url });
  await addGuest(cluster, guest);
  const hypervisor = await cluster.world.hypervisors.on('hv1');
  for (const other of [off, gone]) await addGuest(cluster, other, { state: 'start' });
  await cluster.world.powerOff(off.uuid);
  // Its node was booted anew while a job that is gone was restarting it.
  await hypervisor.destroy(gone.uuid);
  await hypervisor.undefine(gone.uuid);
  await cluster.vms.update(gone.uuid, (document) => ({ ...document, state: 'restart' }));
  await addAgent(cluster, 'hv1', INTERVAL_MS);
  await expect.poll(async () => (await cluster.vms.get('web2')).state, SOON).toBe('stop');
  await expect.poll(async () => (await cluster.vms.get('web3')).state, SOON).toBe('start');
  await hypervisor.define(guestXml(guest));
  await hypervisor.start(guest.uuid);
  await expect.poll(async () => (await cluster.vms.get('web1')).state, SOON).toBe('start');
});

it('leaves a VM alone while a job holds its lock, and looks again afterwards', async () => {
  const guest = newGuest('web1');
  const gates = buildGates();
  const { world, vms, seen, addWorker, submit, end } = await clusterWithAgent(guest, { state: 'start' });
  const other = newGuest('web2');
  await addWorker({ opcodes: gates.opcodes });
  await addGuest({ vms, world }, other, { state: 'start' });
  const job = await submit(passGates(['here'], { lock: [guest.uuid] }));
  await gates.arrivals('here');
  await world.powerOff(guest.uuid);
  // Two looks of the agent, known by what it sees of another VM meanwhile.
  await world.crash(other.uuid);
  const stateOfOther = async () => (await world.hypervisors.on('hv1')).domain(other.uuid);
  await expect.poll(stateOfOther, SOON).toBeUndefined();
  expect(await seen()).toMatchObject({ state: 'start' });
  gates.open('here');
  await end(job);
  await expect.poll(seen, SOON).toEqual({ state: 'stop', failed_reason: '', domains: 0 });
});

it('leaves a domain alone that the cluster does not know, shows it and logs it once', async () => {
  const [guest, foreign] = [newGuest('web1'), newGuest('foreign')];
  const cluster = await startCluster({ redisUrl: redis().url });
  await addGuest(cluster, guest, { state: 'start' });
  const logged: unknown[] = [];
  await addAgent(cluster, 'hv1', 200, { onLog: ({ level, uuid }) => void logged.push({ level, uuid }) });
  const hypervisor = await cluster.world.hypervisors.on('hv1');
  await hypervisor.define(guestXml(foreign));
  await hypervisor.start(foreign.uuid);
  await expect.poll(async () => (await reportOf(cluster, 'hv1'))?.unknown_domains, SOON).toEqual([foreign]);
  await cluster.world.crash(foreign.uuid);
  await expect.poll(async () => (await reportOf(cluster, 'hv1'))?.unknown_domains, SOON).toEqual([]);
  // The agent has looked since: it has seen another one.
  await cluster.world.crash(guest.uuid);
  await expect.poll(() => hypervisor.domain(guest.uuid), SOON).toBeUndefined();
  expect(await hypervisor.domain(foreign.uuid)).toMatchObject({ name: 'foreign', endReason: 'crashed' });
  expect(await cluster.store.children('/vms')).toEqual([guest.uuid]);
  expect(logged).toEqual([{ level: 40, uuid: foreign.uuid }]);
});

/** A guest that the cluster has on hv1 and that runs on hv2 instead. */
async function strayGuest(cluster: TestCluster, guest: Guest, change: Partial<VmDocument> = {}): Promise<void> {
  await addGuest(cluster, guest, { state: 'start', node: 'hv2' });
  await cluster.vms.update(guest.uuid, (document) => ({ ...document, node: 'hv1', ...change }));
}

it('adopts a guest that was moved here by hand, and the node that it left does not call it stopped', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const guest = newGuest('web1');
  await addGuest(cluster, guest, { state: 'start' });
  await addAgent(cluster, 'hv1', 200);
  await addAgent(cluster, 'hv2', 200);
  await cluster.world.powerOff(guest.uuid);
  const there = await cluster.world.hypervisors.on('hv2');
  await there.define(guestXml(guest));
  await there.start(guest.uuid);
  const placed = async () => {
    const { node, state, last_node } = await cluster.vms.get(guest.uuid);
    return { node, state, last_node };
  };
  await expect.poll(placed, SOON).toEqual({ node: 'hv2', state: 'start', last_node: '' });
  await expect.poll(async () => (await reportOf(cluster, 'hv2'))?.unknown_domains, SOON).toEqual([]);
});

it('adopts nothing from a node whose agent does not live, or that has the guest running itself', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const [orphan, twin, probe] = [newGuest('orphan'), newGuest('twin'), newGuest('probe')];
  await strayGuest(cluster, orphan, { node: 'hv3' });
  await strayGuest(cluster, twin);
  await reportNode(cluster.store, 'hv1', nodeReport({ running_domains: [twin.uuid] }));
  await addAgent(cluster, 'hv2', 200);
  // It has looked often enough when it has adopted another one.
  await strayGuest(cluster, probe);
  await expect.poll(async () => (await cluster.vms.get('probe')).node, SOON).toBe('hv2');
  expect((await cluster.vms.get('orphan')).node).toBe('hv3');
  expect((await cluster.vms.get('twin')).node).toBe('hv1');
  const { unknown_domains: unknown = [] } = (await reportOf(cluster, 'hv2')) ?? {};
  expect(unknown.map(({ name }) => name)).toEqual(expect.arrayContaining(['orphan', 'twin']));
});

it('leaves a guest alone that is on its way, while a job is at it and for a while after', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const [guest, probe] = [newGuest('web1'), newGuest('probe')];
  await strayGuest(cluster, guest, { state: 'migrate', target_node: 'hv2' });
  await addAgent(cluster, 'hv2', 200);
  await strayGuest(cluster, probe);
  await expect.poll(async () => (await cluster.vms.get('probe')).node, SOON).toBe('hv2');
  expect(await cluster.vms.get('web1')).toMatchObject({ node: 'hv1', state: 'migrate', target_node: 'hv2' });
  await expect.poll(async () => (await reportOf(cluster, 'hv2'))?.unknown_domains, SOON).toEqual([]);
});

/** An agent of hv1, with what it reads of the store, and how often it has looked. */
async function countedAgent(cluster: TestCluster) {
  const reads: string[] = [];
  let looks = 0;
  const session = cluster.openSession();
  const { get, putEphemeral } = session;
  const counted = Object.assign(session, {
    get: (path: string, onChange?: () => void) => {
      reads.push(path);
      return get(path, onChange);
    },
    putEphemeral: (path: string, data: string) => {
      looks += 1;
      return putEphemeral(path, data);
    },
  });
  await addAgent({ ...cluster, openSession: () => counted }, 'hv1', 200);
  return { reads, looks: () => looks };
}

it('asks the store nothing at a look at which nothing has changed', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  for (const name of ['a', 'b', 'c']) await addGuest(cluster, newGuest(name), { state: 'start' });
  const { reads, looks } = await countedAgent(cluster);
  await expect.poll(looks, SOON).toBeGreaterThan(2);
  const [before, looksBefore] = [reads.length, looks()];
  await expect.poll(looks, SOON).toBeGreaterThan(looksBefore + 3);
  expect(reads.slice(before)).toEqual([]);
});

it('reads at its start the VMs of its own node, and the reports of all nodes once a look and once for each state that it changes', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const mine = Array.from({ length: 10 }, (_, index) => newGuest(`mine-${index}`));
  for (const guest of mine) await addGuest(cluster, guest, { state: 'start' });
  for (let count = 0; count < 50; count++) await addGuest(cluster, newGuest(`other-${count}`), { node: 'hv2' });
  const { reads, looks } = await countedAgent(cluster);
  const read = (root: string) => reads.filter((path) => path.startsWith(`${root}/`));
  expect(read(VMS).toSorted()).toEqual(mine.map(({ uuid }) => `${VMS}/${uuid}`).toSorted());
  const hypervisor = await cluster.world.hypervisors.on('hv1');
  const [readBefore, looksBefore] = [read(NODE_REPORTS).length, looks()];
  for (const { uuid } of mine) await hypervisor.destroy(uuid);
  const states = async () => new Set((await Promise.all(mine.map(({ uuid }) => cluster.vms.get(uuid)))).map(({ state }) => state));
  await expect.poll(states, SOON).toEqual(new Set(['stop']));
  const nodes = 2;
  expect(read(NODE_REPORTS).length - readBefore).toBeLessThanOrEqual(nodes * (looks() - looksBefore + 1 + mine.length));
});
