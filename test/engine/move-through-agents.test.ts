// A guest that is moved by the agents of its nodes, which each do what only they can and may be gone at any moment.
import { expect, it, vi } from 'vitest';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { addGuest, newGuest } from '../harness/guests.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { runsOn } from '../harness/runs-on.js';
import { reachNodes, serveNode } from '../harness/served-node.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

const NODES = ['hv1', 'hv2'];
const MIGRATE = { OP_ID: 'OP_VM_MIGRATE', vm: 'web1', node: 'hv2' };

/** Two nodes with their agents, and web1 with 1 GiB on hv1. No worker yet. */
async function withAgents(migrationMibPerS: number, hostDevice = false) {
  const cluster = await startCluster({ redisUrl: redis().url, nodes: NODES, migrationMibPerS });
  const guest = newGuest('web1');
  await addGuest(cluster, guest, { state: 'start', memoryMib: 1024, hostDevice });
  const place = { redisUrl: redis().url, keys: cluster.keys, closing: cluster.closing };
  for (const node of NODES)
    await serveNode(place, { node, hypervisor: await cluster.world.hypervisors.on(node), store: cluster.openSession() });
  const addWorker = async () => await cluster.addWorker(await reachNodes(place, NODES, patience(60_000)));
  const sent = async () => (await (await cluster.world.hypervisors.on('hv1')).migrationProgress(guest.uuid))?.bytesProcessed;
  const underWay = async () => await vi.waitFor(async () => expect(await sent()).toBeGreaterThan(0), { timeout: patience(20_000) });
  return { ...cluster, guest, addWorker, sent, underWay };
}

const placement = async ({ vms }: TestCluster) => {
  const { node, last_node, target_node, state } = await vms.get('web1');
  return { node, last_node, target_node, state };
};
const HERE = { node: 'hv1', last_node: '', target_node: '', state: 'start' };
const THERE = { node: 'hv2', last_node: 'hv1', target_node: '', state: 'start' };

it.each([
  [false, 'live'],
  [true, 'cold'],
] as const)('moves: it has a host device: %s, so it goes %s', async (hostDevice, method) => {
  const cluster = await withAgents(4096, hostDevice);
  await cluster.addWorker();
  expect((await cluster.run(MIGRATE)).opresult[0]).toMatchObject({ node: 'hv2', method });
  expect([runsOn(cluster, cluster.guest), await placement(cluster)]).toEqual([['hv2'], THERE]);
});

it('is called off when the job is cancelled', async () => {
  const cluster = await withAgents(1);
  await cluster.addWorker();
  const job = await cluster.submit(MIGRATE);
  await cluster.underWay();
  expect(await cluster.desk.cancel(job, patience(20_000))).toEqual([true, 'Job successfully cancelled']);
  expect(await cluster.sent()).toBeUndefined();
  expect([runsOn(cluster, cluster.guest), await placement(cluster)]).toEqual([['hv1'], HERE]);
});

it.each(['die', 'close'] as const)('goes on when its worker must %s, and another one follows it', async (leave) => {
  const cluster = await withAgents(256);
  const doomed = await cluster.addWorker();
  const job = await cluster.submit(MIGRATE);
  await cluster.underWay();
  const before = (await cluster.sent()) ?? 0;
  await doomed[leave]();
  await cluster.addWorker();
  expect((await cluster.sent()) ?? Infinity).toBeGreaterThanOrEqual(before);
  const record = await cluster.end(job);
  expect(record.opresult[0]).toMatchObject({ node: 'hv2', method: 'live' });
  expect([runsOn(cluster, cluster.guest), await placement(cluster)]).toEqual([['hv2'], THERE]);
});
