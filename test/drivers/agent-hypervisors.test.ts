// Hypervisors that are reached through their nodes' agents: as good as those behind them, but nothing is changed in the name of lost locks.
import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLocks, type Locks } from '../../src/cluster/locks.js';
import { locksPath } from '../../src/cluster/lock-order.js';
import { openMemoryTree } from '../../src/cluster/memory/memory-tree.js';
import { keysOf } from '../../src/jobs/keys.js';
import { createClosing } from '../../src/process/closing.js';
import { CHANGES, type HypervisorMethod } from '../../workers/drivers/hypervisor.js';
import { openSimulatedWorld } from '../../workers/drivers/simulated/simulated-world.js';
import { hypervisorContract } from '../contract/hypervisor.js';
import { migrationContract } from '../contract/migration.js';
import { reachNodes, serveNode } from '../harness/served-node.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';
import { plainDomainXml } from './plain-domain-xml.js';

const redis = redisForFile();

/** Of calls that are not meant to be given up. */
const PATIENT_MS = patience(60_000);
/** Of those that are. */
const SHORT_MS = 3000;

/** Two simulated nodes, these of them behind their agents. */
async function servedNodes(served: string[], timeoutMs = PATIENT_MS) {
  const closing = createClosing();
  const tree = await openMemoryTree({ roots: [locksPath] });
  const openSession = () => {
    const session = tree.openSession();
    closing.add(() => session.close());
    return session;
  };
  const nodes = ['hv1', 'hv2'];
  const world = await openSimulatedWorld({ nodes: nodes.map((name) => ({ name, cpuCount: 4, memoryMib: 4096 })) });
  closing.add(() => world.close());
  const store = openSession();
  const place = { redisUrl: redis().url, keys: keysOf(`{test-${randomUUID()}}`), closing };
  for (const node of served) await serveNode(place, { node, hypervisor: await world.hypervisors.on(node), store });
  const { hypervisors } = await reachNodes(place, nodes, timeoutMs);
  return { closing, world, place, hypervisors, direct: await world.hypervisors.on('hv1'), agentSession: store, openSession };
}

hypervisorContract('simulated, behind its agent', async () => {
  const { hypervisors, closing } = await servedNodes(['hv1']);
  return {
    hypervisor: await hypervisors.on('hv1', { entries: [] }),
    domainXml: (guest) => plainDomainXml('qemu', guest),
    close: () => closing.close(),
  };
});

const HOST_DEVICE = 'a host device';
const HOST_DEVICE_XML =
  "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='1' slot='0' function='0'/></source></hostdev>";

migrationContract(
  'simulated, behind their agents',
  async () => {
    const { hypervisors, closing, world, place } = await servedNodes(['hv1', 'hv2']);
    const side = async (node: string) => ({ hypervisor: await hypervisors.on(node, { entries: [] }), uri: `simulated://${node}` });
    return {
      here: await side('hv1'),
      there: await side('hv2'),
      domainXml: (guest) => plainDomainXml('qemu', guest),
      largeXml: (guest) => plainDomainXml('qemu', guest, { memoryMib: 1000 }),
      boundXml: (guest) => plainDomainXml('qemu', guest, { devices: HOST_DEVICE_XML }),
      slowMibPerS: 200,
      async connectHereAgain() {
        const own = createClosing();
        const again = await (await reachNodes({ ...place, closing: own }, ['hv1'], PATIENT_MS)).hypervisors.on('hv1', { entries: [] });
        return { ...again, close: () => own.close() };
      },
      silence: async (is) => world.node('hv2').unreachable(is),
      close: () => closing.close(),
    };
  },
  { nowhereUri: 'simulated://hv3', boundBy: [HOST_DEVICE] },
);

async function servedForTest(timeoutMs?: number) {
  const served = await servedNodes(['hv1'], timeoutMs);
  onTestFinished(() => served.closing.close());
  const uuid = randomUUID();
  const xml = plainDomainXml('qemu', { uuid, name: 'web1', acpi: true });
  const holderSession = served.openSession();
  const hold = async (locks: Locks) =>
    await locks.acquire(
      [
        { mode: 'exclusive', resource: `vm/${uuid}` },
        { mode: 'slot', resource: 'node/hv1', slots: 8 },
      ],
      {
        job: 1,
        opcode: 'OP_VM_START',
        signal: new AbortController().signal,
      },
    );
  const held = await hold(createLocks(holderSession, { worker: 'w1' }));
  return { ...served, uuid, xml, held, holderSession };
}

const GONE = { errorClass: 'environment_error', message: expect.stringContaining('locks') };

describe('the fence', () => {
  test('what holds its locks may change, and what has released them may not', async () => {
    const { hypervisors, held, xml, uuid, direct } = await servedForTest();
    const hypervisor = await hypervisors.on('hv1', held);
    expect(held.entries).toHaveLength(2);
    await hypervisor.define(xml);
    await held.release();
    await expect(hypervisor.start(uuid)).rejects.toMatchObject(GONE);
    expect(await direct.domain(uuid)).toMatchObject({ state: 'shutoff' });
    // Looking is free.
    expect(await hypervisor.domain(uuid)).toMatchObject({ state: 'shutoff' });
  });

  test('a holder whose session has expired is refused, though nobody has the locks yet', async () => {
    const { hypervisors, held, xml, holderSession, direct } = await servedForTest();
    await holderSession.expire();
    await expect((await hypervisors.on('hv1', held)).define(xml)).rejects.toMatchObject(GONE);
    expect(await direct.domains()).toEqual([]);
  });

  test('every method that changes something is refused without it', async () => {
    const { hypervisors, held, uuid, direct } = await servedForTest();
    await held.release();
    const methods = Object.keys(CHANGES) as HypervisorMethod[];
    const [unfenced, fenced] = [await hypervisors.on('hv1'), await hypervisors.on('hv1', held)];
    for (const method of methods.filter((name) => CHANGES[name])) {
      const call = (of: typeof unfenced) => (of[method] as (argument: string) => Promise<unknown>)(uuid);
      await expect(call(unfenced)).rejects.toMatchObject({ errorClass: 'internal_error' });
      await expect(call(fenced)).rejects.toMatchObject(GONE);
    }
    expect(await direct.domains()).toEqual([]);
  });

  test('an agent without a session waits for one, and does the call then', async () => {
    const { hypervisors, held, xml, direct, agentSession } = await servedForTest();
    agentSession.suspend();
    const hypervisor = await hypervisors.on('hv1', held);
    const defining = hypervisor.define(xml);
    // It looks on meanwhile; calls are begun in their order.
    expect(await hypervisor.domains()).toEqual([]);
    agentSession.resume();
    await defining;
    expect(await direct.domains()).toHaveLength(1);
  });

  test('an agent that stays without a session does nothing, and says so', async () => {
    const { hypervisors, held, xml, direct, agentSession } = await servedForTest(SHORT_MS);
    agentSession.suspend();
    await expect((await hypervisors.on('hv1', held)).define(xml)).rejects.toMatchObject({
      errorClass: 'environment_error',
      message: expect.stringContaining('does not reach the cluster store'),
    });
    agentSession.resume();
    expect(await direct.domains()).toEqual([]);
  });
});

describe('a node', () => {
  test('that the cluster does not have is an unknown entity', async () => {
    const { hypervisors } = await servedForTest();
    await expect(hypervisors.on('hv9')).rejects.toMatchObject({ errorClass: 'unknown_entity' });
  });

  test('whose agent is dead is an environment error, within the bound', async () => {
    const { hypervisors } = await servedForTest(SHORT_MS);
    await expect((await hypervisors.on('hv2')).host()).rejects.toMatchObject({ errorClass: 'environment_error' });
  });
});
