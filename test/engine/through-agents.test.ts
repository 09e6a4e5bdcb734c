// Opcodes whose hypervisors are reached through the nodes' agents, from the submission to the domain.
import { expect, it } from 'vitest';
import { createLocks } from '../../src/cluster/locks.js';
import type { AgentHypervisor } from '../../workers/drivers/hypervisor.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { addGuest, guestXml, newGuest } from '../harness/guests.js';
import { intervene } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { reachNodes, serveNode } from '../harness/served-node.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

const NODES = ['hv1', 'hv2'];
const PATIENT_MS = patience(60_000);
const SHORT_MS = 3000;

async function clusterOfAgents(timeoutMs: number) {
  const cluster = await startCluster({ redisUrl: redis().url, nodes: NODES });
  const place = { redisUrl: redis().url, keys: cluster.keys, closing: cluster.closing };
  const serve = (node: string, hypervisor: AgentHypervisor) => serveNode(place, { node, hypervisor, store: cluster.openSession() });
  const startAgent = async (node: string) => serve(node, await cluster.world.hypervisors.on(node));
  const { hypervisors } = await reachNodes(place, NODES, timeoutMs);
  return { ...cluster, hypervisors, serve, startAgent, addWorker: (more = {}) => cluster.addWorker({ hypervisors, ...more }) };
}

const domainsOn = ({ world }: Pick<TestCluster, 'world'>, node: string) =>
  world.snapshot()[node]?.map(({ name, running }) => [name, running !== null]);

it('runs a VM through its whole life', async () => {
  const cluster = await clusterOfAgents(PATIENT_MS);
  for (const node of NODES) await cluster.startAgent(node);
  await cluster.addWorker();
  const guest = newGuest('web1');
  const lives = [
    { OP_ID: 'OP_VM_DEFINE', xml: guestXml(guest), node: 'hv2' },
    { OP_ID: 'OP_VM_START', vm: 'web1' },
  ];
  expect((await cluster.run(lives)).status).toBe('success');
  expect([domainsOn(cluster, 'hv1'), domainsOn(cluster, 'hv2')]).toEqual([[], [['web1', true]]]);
  const ends = [
    { OP_ID: 'OP_VM_SHUTDOWN', vm: 'web1' },
    { OP_ID: 'OP_VM_UNDEFINE', vm: 'web1' },
  ];
  expect((await cluster.run(ends)).opresult).toMatchObject([{ state: 'stop', forced: false }, expect.anything()]);
  expect(domainsOn(cluster, 'hv2')).toEqual([]);
});

it('fails on a node whose agent is dead, holds nobody else up, and does nothing there when the agent is back', async () => {
  const cluster = await clusterOfAgents(SHORT_MS);
  await cluster.startAgent('hv1');
  await cluster.addWorker();
  const [here, there] = [newGuest('here'), newGuest('there')];
  await addGuest(cluster, here, { node: 'hv1' });
  await addGuest(cluster, there, { node: 'hv2' });
  const late = await cluster.submit({ OP_ID: 'OP_VM_START', vm: 'there' });
  expect((await cluster.run({ OP_ID: 'OP_VM_START', vm: 'here' })).status).toBe('success');
  const end = await cluster.end(late);
  expect(end.opresult).toEqual([[expect.any(String), [expect.stringContaining('hv2'), 'environment_error']]]);
  await cluster.startAgent('hv2');
  expect(domainsOn(cluster, 'hv2')).toEqual([]);
  expect((await cluster.run({ OP_ID: 'OP_VM_START', vm: 'there' })).status).toBe('success');
  expect(domainsOn(cluster, 'hv2')).toEqual([['there', true]]);
});

it('waits for an agent that comes back in time', async () => {
  const cluster = await clusterOfAgents(PATIENT_MS);
  await cluster.addWorker();
  const guest = newGuest('web1');
  await addGuest(cluster, guest);
  const job = await cluster.submit({ OP_ID: 'OP_VM_START', vm: 'web1' });
  await expect.poll(async () => (await cluster.redis.keys(cluster.keys.call('*'))).length).toBe(1);
  await cluster.startAgent('hv1');
  expect((await cluster.end(job)).status).toBe('success');
});

it('leaves the world alone when the locks of a job were taken away by hand', async () => {
  const cluster = await clusterOfAgents(PATIENT_MS);
  await cluster.startAgent('hv1');
  const guest = newGuest('web1');
  await addGuest(cluster, guest, { state: 'start' });
  const { opcodes: watched, in: interventions } = intervene(opcodes);
  const stop = await cluster.submit({ OP_ID: 'OP_VM_STOP', vm: 'web1' });
  interventions.set(stop, {
    at: {
      'run 0 before': async () => {
        for (const path of await lockEntries(cluster)) await cluster.store.discard(path);
      },
    },
  });
  await cluster.addWorker({ opcodes: watched });
  const { opresult } = await cluster.end(stop);
  expect(opresult).toEqual([['OpExecError', [expect.stringContaining('lock'), 'environment_error']]]);
  expect(domainsOn(cluster, 'hv1')).toEqual([['web1', true]]);
  expect((await cluster.vms.get('web1')).state).toBe('start');
});

it('cuts no power for who has lost the lock while the call waited for a connection', async () => {
  const cluster = await clusterOfAgents(PATIENT_MS);
  const guest = newGuest('web1');
  await addGuest(cluster, guest, { state: 'start' });
  const real = await cluster.world.hypervisors.on('hv1');
  let connect = () => {};
  const connected = new Promise<void>((resolve) => (connect = resolve));
  let waits = false;
  // A hypervisor all of whose connections are busy.
  const busy: AgentHypervisor = {
    ...real,
    under: (permit) => {
      const own = real.under(permit);
      const destroy = async (uuid: string) => {
        waits = true;
        await connected;
        await own.destroy(uuid);
      };
      return { ...own, destroy };
    },
  };
  await cluster.serve('hv1', busy);
  const [session, other] = [cluster.openSession(), cluster.openSession()];
  const lock = [{ resource: `vm/${guest.uuid}`, mode: 'exclusive' }] as const;
  const claim = { opcode: 'OP_VM_STOP', signal: new AbortController().signal };
  const held = await createLocks(session, { worker: 'first' }).acquire(lock, { ...claim, job: 1 });
  const destroying = (await cluster.hypervisors.on('hv1', { entries: held.entries })).destroy(guest.uuid).catch((error: unknown) => error);
  await expect.poll(() => waits).toBe(true);
  await session.expire();
  const next = await createLocks(other, { worker: 'second' }).acquire(lock, { ...claim, job: 2 });
  connect();
  expect(await destroying).toMatchObject({ errorClass: 'environment_error', message: expect.stringContaining('locks') });
  expect(domainsOn(cluster, 'hv1')).toEqual([['web1', true]]);
  await (await cluster.hypervisors.on('hv1', { entries: next.entries })).destroy(guest.uuid);
  expect(domainsOn(cluster, 'hv1')).toEqual([['web1', false]]);
});

async function lockEntries({ store }: Pick<TestCluster, 'store'>): Promise<string[]> {
  const queues = (await store.children('/locks')).map((name) => `/locks/${name}`);
  return (await Promise.all(queues.map(async (queue) => (await store.children(queue)).map((name) => `${queue}/${name}`)))).flat();
}
