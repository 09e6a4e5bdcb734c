// The agent: what happens to a guest without any request stands in the cluster's state soon, and nothing else is touched.
import { expect, it } from 'vitest';
import { vmDocuments } from '../../src/cluster/vm-documents.js';
import { addAgent } from '../harness/agent.js';
import { startCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { addGuest, guestXml, newGuest, type Guest, type GuestWish } from '../harness/guests.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();

const SOON = { timeout: 30_000 };
/** That of the default settings. */
const INTERVAL_MS = 2000;

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

it('sees a guest that crashes, and says where', async () => {
  const guest = newGuest('web1');
  const { world, seen } = await clusterWithAgent(guest, { state: 'start' });
  await world.crash(guest.uuid);
  await expect.poll(seen, SOON).toEqual({ state: 'fail', failed_reason: 'the guest crashed on hv1', domains: 0 });
});

it('sees a guest that is started by hand, and what became of one while there was no agent', async () => {
  const [guest, gone] = [newGuest('web1'), newGuest('web2')];
  const cluster = await startCluster({ redisUrl: redis().url });
  await addGuest(cluster, guest);
  await addGuest(cluster, gone, { state: 'start' });
  const hypervisor = await cluster.world.hypervisors.on('hv1');
  await hypervisor.destroy(gone.uuid);
  await hypervisor.undefine(gone.uuid);
  await addAgent(cluster, 'hv1', INTERVAL_MS);
  await expect.poll(async () => (await cluster.vms.get('web2')).state, SOON).toBe('stop');
  await hypervisor.define(guestXml(guest));
  await hypervisor.start(guest.uuid);
  await expect.poll(async () => (await cluster.vms.get('web1')).state, SOON).toBe('start');
});

it('leaves a VM alone while a job holds its lock, and looks again afterwards', async () => {
  const guest = newGuest('web1');
  const gates = buildGates();
  const { world, seen, addWorker, submit, end } = await clusterWithAgent(guest, { state: 'start' });
  const other = newGuest('web2');
  await addGuest({ vms: vmDocuments((await addWorker({ opcodes: gates.opcodes })).session), world }, other, { state: 'start' });
  const job = await submit(passGates(['here'], { lock: [guest.uuid] }));
  await gates.arrivals('here');
  await world.crash(guest.uuid);
  // Two looks of the agent, known by what it sees of another VM meanwhile.
  await world.crash(other.uuid);
  const stateOfOther = async () => (await world.hypervisors.on('hv1')).domain(other.uuid);
  await expect.poll(stateOfOther, SOON).toBeUndefined();
  expect(await seen()).toMatchObject({ state: 'start' });
  gates.open('here');
  await end(job);
  await expect.poll(seen, SOON).toEqual({ state: 'fail', failed_reason: 'the guest crashed on hv1', domains: 0 });
});

it('leaves a domain alone that the cluster does not know', async () => {
  const [guest, foreign] = [newGuest('web1'), newGuest('foreign')];
  const { world, seen, store } = await clusterWithAgent(guest, { state: 'start' });
  const hypervisor = await world.hypervisors.on('hv1');
  await hypervisor.define(guestXml(foreign));
  await hypervisor.start(foreign.uuid);
  await world.crash(foreign.uuid);
  // The agent has looked since: it has seen another one.
  await world.crash(guest.uuid);
  await expect.poll(seen, SOON).toMatchObject({ state: 'fail', domains: 1 });
  expect(await hypervisor.domain(foreign.uuid)).toMatchObject({ name: 'foreign', endReason: 'crashed' });
  expect(await store.children('/vms')).toEqual([guest.uuid]);
});
