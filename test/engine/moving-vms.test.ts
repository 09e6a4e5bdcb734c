// Where a VM goes that is migrated, brought back or moved; what it remembers of it, and what is refused.
import { describe, expect, it } from 'vitest';
import { nodeDocuments, reportNode } from '../../src/cluster/node-documents.js';
import { nodeReport, startCluster, type TestCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { addGuest, newGuest, type Guest, type GuestWish } from '../harness/guests.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { runsOn } from '../harness/runs-on.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

const NODES = ['hv1', 'hv2', 'hv3'];

/** Three nodes, a worker and the VM web1 on hv1. */
async function withGuest(wish: GuestWish = {}, nodes = NODES): Promise<TestCluster & { guest: Guest }> {
  const cluster = await startCluster({ redisUrl: redis().url, nodes });
  const guest = newGuest('web1');
  await addGuest(cluster, guest, { state: 'start', ...wish });
  await cluster.addWorker();
  return { ...cluster, guest };
}

const migrate = (more: Record<string, unknown> = {}) => ({ OP_ID: 'OP_VM_MIGRATE', vm: 'web1', ...more });
const move = (more: Record<string, unknown> = {}) => ({ OP_ID: 'OP_VM_MOVE', vm: 'web1', ...more });
const UNMIGRATE = { OP_ID: 'OP_VM_UNMIGRATE', vm: 'web1' };

const setDomainState = async ({ store }: TestCluster, node: string, state: 'flushed' | 'unflush') =>
  await nodeDocuments(store).update(node, (document) => ({ ...document, domain_state: state }));
const kill = async ({ store }: TestCluster, node: string) => await store.discard(`/node-reports/${node}`);
const fill = async ({ store }: TestCluster, node: string) => await reportNode(store, node, nodeReport({ memory_total: 63 }));

const whereabouts = async ({ vms }: TestCluster) => {
  const { node, last_node, target_node, state } = await vms.get('web1');
  return { node, last_node, target_node, state };
};

describe('a VM that is not moved stays as it is', () => {
  it.each<[string, GuestWish, (cluster: TestCluster & { guest: Guest }) => Promise<unknown>, Record<string, unknown>, string, string]>([
    ['an unknown VM', {}, async () => {}, migrate({ vm: 'web9' }), 'VM "web9" does not exist', 'unknown_entity'],
    ['an unknown node', {}, async () => {}, migrate({ node: 'hv9' }), 'node "hv9" does not exist', 'unknown_entity'],
    ['its own node', {}, async () => {}, migrate({ node: 'hv1' }), 'VM "web1" is on node "hv1" already', 'wrong_state'],
    ['its own node, for good', {}, async () => {}, move({ node: 'hv1' }), 'VM "web1" is on node "hv1" already', 'wrong_state'],
    [
      'a dead node',
      {},
      (cluster) => kill(cluster, 'hv2'),
      migrate({ node: 'hv2' }),
      'node "hv2" is not running (daemon state dead)',
      'wrong_state',
    ],
    [
      'a flushed node',
      {},
      (cluster) => setDomainState(cluster, 'hv2', 'flushed'),
      move({ node: 'hv2' }),
      'node "hv2" is not ready (domain state flushed)',
      'wrong_state',
    ],
    [
      'a node that is being brought back, of which it does not come',
      {},
      (cluster) => setDomainState(cluster, 'hv2', 'unflush'),
      migrate({ node: 'hv2' }),
      'node "hv2" is not ready (domain state unflush)',
      'wrong_state',
    ],
    [
      'a full node',
      {},
      (cluster) => fill(cluster, 'hv2'),
      migrate({ node: 'hv2' }),
      'node "hv2" has 63 MiB left, of the 64 MiB that the VM needs',
      'insufficient_resources',
    ],
    [
      'no node at all',
      {},
      async (cluster) => {
        await fill(cluster, 'hv2');
        await setDomainState(cluster, 'hv3', 'flushed');
      },
      migrate(),
      'no node can take the VM: "hv1" is where it is now; "hv2" has 63 MiB left, of the 64 MiB that the VM needs; "hv3" is not ready (domain state flushed)',
      'insufficient_resources',
    ],
    [
      'a second migration',
      { node: 'hv2', lastNode: 'hv1' },
      async () => {},
      migrate(),
      'VM "web1" has been migrated before: it is on node "hv2" and came from "hv1" (force migrates it all the same)',
      'wrong_state',
    ],
    ['a way back that there is not', {}, async () => {}, UNMIGRATE, 'VM "web1" has not been migrated: it is on node "hv1"', 'wrong_state'],
    [
      'a way back to a dead node',
      { node: 'hv2', lastNode: 'hv1' },
      (cluster) => kill(cluster, 'hv1'),
      UNMIGRATE,
      'node "hv1" is not running (daemon state dead)',
      'wrong_state',
    ],
    [
      'a way back to a full node',
      { node: 'hv2', lastNode: 'hv1' },
      (cluster) => fill(cluster, 'hv1'),
      UNMIGRATE,
      'node "hv1" has 63 MiB left, of the 64 MiB that the VM needs',
      'insufficient_resources',
    ],
    [
      'a way from a dead node that may still run it',
      {},
      (cluster) => kill(cluster, 'hv1'),
      migrate(),
      'VM "web1" is in state "start" on node "hv1", which is not running (daemon state dead); OP_NODE_EVACUATE starts its VMs on other nodes',
      'wrong_state',
    ],
    [
      'a node that runs a guest with its UUID',
      {},
      async (cluster) => await addGuestAgain(cluster, 'hv2'),
      migrate({ node: 'hv2' }),
      'a guest with the UUID of VM "web1" runs on node "hv2" already',
      'wrong_state',
    ],
    [
      'a hypervisor that does not answer',
      {},
      async ({ world }) => world.node('hv1').unreachable(true),
      migrate({ node: 'hv2' }),
      'hypervisor hv1 does not answer',
      'environment_error',
    ],
  ])('%s', async (_what, wish, prepare, op, text, errorClass) => {
    const cluster = await withGuest(wish);
    await prepare(cluster);
    const before = await cluster.snapshot();
    // The worker hears of what was prepared a moment later.
    await expect
      .poll(async () => (await cluster.run(op as ReturnType<typeof migrate>, { dryRun: true })).opresult)
      .toEqual([['OpPrereqError', [text, errorClass]]]);
    const { status, opresult } = await cluster.run(op as ReturnType<typeof migrate>);
    expect([status, opresult]).toEqual(['error', [['OpPrereqError', [text, errorClass]]]]);
    expect(await cluster.snapshot()).toEqual(before);
  });
});

/** The same guest once more, started by hand. */
async function addGuestAgain({ world, vms }: TestCluster, node: string): Promise<void> {
  const { xml, uuid } = await vms.get('web1');
  const hypervisor = await world.hypervisors.on(node);
  await hypervisor.define(xml);
  await hypervisor.start(uuid);
}

it('remembers the first node that it left, however often it is migrated by force, until it is back there', async () => {
  const cluster = await withGuest();
  const seen = [];
  for (const node of ['hv2', 'hv3', 'hv1']) {
    expect((await cluster.run(migrate({ node, force: true }))).status).toBe('success');
    seen.push(await whereabouts(cluster));
    expect(runsOn(cluster, cluster.guest)).toEqual([node]);
  }
  const rest = { target_node: '', state: 'start' };
  expect(seen).toEqual([
    { node: 'hv2', last_node: 'hv1', ...rest },
    { node: 'hv3', last_node: 'hv1', ...rest },
    { node: 'hv1', last_node: '', ...rest },
  ]);
});

it('goes back where it came from, and forgets it when it moves for good', async () => {
  const cluster = await withGuest();
  const { uuid } = cluster.guest;
  const results = [];
  for (const op of [migrate({ node: 'hv3' }), UNMIGRATE, migrate({ node: 'hv3' }), move({ node: 'hv2' })]) {
    results.push((await cluster.run(op)).opresult[0]);
  }
  expect(results).toEqual([
    { uuid, node: 'hv3', last_node: 'hv1', method: 'live' },
    { uuid, node: 'hv1', last_node: '', method: 'live' },
    { uuid, node: 'hv3', last_node: 'hv1', method: 'live' },
    { uuid, node: 'hv2', last_node: '', method: 'live' },
  ]);
  expect(runsOn(cluster, cluster.guest)).toEqual(['hv2']);
});

it('goes back to a node that is being brought back', async () => {
  const cluster = await withGuest({ node: 'hv2', lastNode: 'hv1' });
  await setDomainState(cluster, 'hv1', 'unflush');
  expect((await cluster.run(UNMIGRATE)).status).toBe('success');
  expect(runsOn(cluster, cluster.guest)).toEqual(['hv1']);
});

describe('the node that is chosen', () => {
  // By memory hv2 is the best, by load hv3, by vCPUs hv4.
  const differing = async (selector: 'mem' | 'load' | 'vcpus' | null) => {
    const cluster = await withGuest({}, ['hv1', 'hv2', 'hv3', 'hv4']);
    const others = { hv2: [64, 3], hv3: [256, 2], hv4: [512, 1] } as const;
    for (const [node, [memoryMib, vcpu]] of Object.entries(others)) {
      const other = newGuest(`on-${node}`);
      await addGuest(cluster, other, { node, state: 'start', memoryMib });
      await cluster.vms.update(other.uuid, (document) => ({ ...document, vcpu }), undefined, {
        size: { memory_mib: memoryMib, vcpus: vcpu },
      });
      await reportNode(cluster.store, node, nodeReport({ load: node === 'hv3' ? 0.1 : 5 }));
    }
    await cluster.vms.update(cluster.guest.uuid, (document) => ({ ...document, node_selector: selector }));
    return cluster;
  };

  it.each([
    ['by the selector of the request', 'vcpus', { selector: 'load' }, 'hv3'],
    ['by the selector that the VM was defined with', 'vcpus', {}, 'hv4'],
    ["by the cluster's selector", null, {}, 'hv2'],
    ['the one that is named, whatever the selector', 'vcpus', { node: 'hv2', selector: 'load' }, 'hv2'],
  ] as const)('is %s', async (_how, own, wish, node) => {
    const cluster = await differing(own);
    for (const opcode of [migrate, move]) {
      // The worker hears of the figures a moment later.
      await expect
        .poll(async () => (await cluster.run(opcode(wish), { dryRun: true })).opresult[0])
        .toMatchObject({ facts: { target: node, method: 'live' } });
    }
    expect((await cluster.run(migrate(wish))).opresult[0]).toMatchObject({ node });
  });
});

describe('a VM that does not run', () => {
  it('is only assigned, also away from a node that is dead, which is not asked', async () => {
    const cluster = await withGuest({ state: 'disable' });
    cluster.world.node('hv1').unreachable(true);
    await kill(cluster, 'hv1');
    await expect
      .poll(async () => (await cluster.run(migrate({ node: 'hv2' }), { dryRun: true })).opresult[0])
      .toMatchObject({ facts: { target: 'hv2', method: 'assigned' }, steps: ['assign the VM to hv2'] });
    expect((await cluster.run(migrate({ node: 'hv2' }))).opresult[0]).toMatchObject({ node: 'hv2', method: 'assigned' });
    expect(await whereabouts(cluster)).toEqual({ node: 'hv2', last_node: 'hv1', target_node: '', state: 'disable' });
  });

  it.each([
    ['was switched off a moment ago is off', async (cluster: TestCluster, { uuid }: Guest) => await cluster.world.powerOff(uuid), 'stop'],
    [
      'crashed a moment ago is still to be brought up',
      async (cluster: TestCluster, { uuid }: Guest) => await cluster.world.crash(uuid),
      'start',
    ],
  ] as const)('because its guest %s, and its old node forgets it', async (_what, end, state) => {
    const cluster = await withGuest();
    await end(cluster, cluster.guest);
    expect((await cluster.run(migrate({ node: 'hv2' }))).opresult[0]).toMatchObject({ node: 'hv2', method: 'assigned' });
    expect(await whereabouts(cluster)).toEqual({ node: 'hv2', last_node: 'hv1', target_node: '', state });
    expect((await cluster.snapshot()).domains).toEqual({});
  });
});

it('waits for another migration of the same VM, and then says that it is done', async () => {
  const cluster = await withGuest();
  const jobs = [await cluster.submit(migrate({ node: 'hv2' })), await cluster.submit(migrate({ node: 'hv2' }))];
  const results = await Promise.all(jobs.map(async (job) => (await cluster.end(job)).opresult[0]));
  expect(results).toContainEqual({ uuid: cluster.guest.uuid, node: 'hv2', last_node: 'hv1', method: 'live' });
  expect(results).toContainEqual(['OpPrereqError', ['VM "web1" is on node "hv2" already', 'wrong_state']]);
  expect(runsOn(cluster, cluster.guest)).toEqual(['hv2']);
});

it('keeps both nodes busy', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  await addGuest(cluster, newGuest('web1'), { state: 'start' });
  const gates = buildGates();
  await cluster.addWorker({ opcodes: new Map([...opcodes, ...gates.opcodes]), opcodesPerNode: 1 });
  for (const node of ['hv1', 'hv2']) {
    const busy = await cluster.submit(passGates([node], { node }));
    await gates.arrivals(node);
    const job = await cluster.submit(migrate({ node: 'hv2' }), { dryRun: false });
    await expect
      .poll(async () => (await cluster.desk.read(job))?.oplog[0]?.map(([, , , text]) => text))
      .toContainEqual(expect.stringContaining(`waits for node/${node}, asked for by job ${busy} `));
    expect(await cluster.desk.cancel(job, patience(20_000))).toEqual([true, expect.any(String)]);
    gates.open(node);
    expect((await cluster.end(busy)).status).toBe('success');
  }
});
