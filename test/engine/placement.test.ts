// Which node a new VM goes to, by each selector, and what is said when there is none.
import { describe, expect, it } from 'vitest';
import type { Selector } from '../../schemas/names.js';
import { mirrorCluster } from '../../src/cluster/cluster-mirror.js';
import { reportNode, type NodeReport } from '../../src/cluster/node-documents.js';
import { vmFromXml } from '../../src/cluster/vm-from-xml.js';
import { chooseNode } from '../../workers/placement/choose-node.js';
import { nodeReport, startCluster, type TestCluster } from '../harness/cluster.js';
import { guestXml, newGuest } from '../harness/guests.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();

interface Sketch {
  report?: Partial<NodeReport>;
  /** MiB of each running, and of each stopped VM. */
  running?: number[];
  stopped?: number[];
  vcpu?: number;
}

/** A cluster of these nodes, and the choice that it leads to. */
async function choosing(nodes: Record<string, Sketch>) {
  const cluster = await startCluster({ redisUrl: redis().url, nodes: Object.keys(nodes) });
  for (const [node, { report = {}, running = [], stopped = [], vcpu = 1 }] of Object.entries(nodes)) {
    await reportNode(cluster.store, node, nodeReport(report));
    for (const memory of running) await addVm(cluster, node, 'start', memory, vcpu);
    for (const memory of stopped) await addVm(cluster, node, 'stop', memory, vcpu);
  }
  const mirror = await mirrorCluster(cluster.openSession(), () => undefined);
  cluster.closing.add(() => mirror.close());
  return (selector: Selector, memoryMib = 64) => chooseNode(mirror, selector, memoryMib);
}

let added = 0;

async function addVm({ vms }: TestCluster, node: string, state: 'start' | 'stop', memory: number, vcpu: number): Promise<void> {
  const guest = newGuest(`vm${++added}`);
  const origin = { last_node: '', target_node: '', failed_reason: '', node_selector: null, defined_by: 0 };
  await vms.create({ ...vmFromXml(guestXml(guest)), ...origin, uuid: guest.uuid, state, node, memory, vcpu });
}

describe('the best node', () => {
  it.each([
    ['mem', { a: { running: [512, 512] }, b: { running: [1000], stopped: [9000] }, c: { running: [4000] } }, 'b'],
    ['vcpus', { a: { running: [1, 1], vcpu: 2 }, b: { running: [9000], vcpu: 3 }, c: { running: [1, 1, 1], vcpu: 2 } }, 'b'],
    [
      'load',
      { a: { report: { load: 0.4 } }, b: { report: { load: 0.3 }, running: [9000], stopped: [1, 1] }, c: { report: { load: 2 } } },
      'b',
    ],
    ['vms', { a: { stopped: [1, 1, 1] }, b: { running: [9000, 9000] }, c: { running: [1], stopped: [1, 1] } }, 'b'],
  ] as const)('by %s', async (selector, nodes, best) => {
    const choose = await choosing(nodes as unknown as Record<string, Sketch>);
    expect(choose(selector)).toBe(best);
  });

  it.each(['mem', 'vcpus', 'load', 'vms'] as const)(
    'by %s is the one with fewer VMs when they are equal, and then the first by name',
    async (selector) => {
      const tied = await choosing({ b: {}, a: { stopped: [64] }, d: {}, c: {} });
      expect(tied(selector)).toBe('b');
    },
  );

  it.each(['mem', 'vcpus', 'load', 'vms'] as const)('by %s is never one that is dead or full', async (selector) => {
    const choose = await choosing({
      best: { report: { memory_total: 63 } },
      second: { report: { load: 9 }, running: [64], stopped: [1, 1] },
    });
    expect(choose(selector)).toBe('second');
  });
});

describe('OP_VM_DEFINE', () => {
  const define = async ({ run }: TestCluster, more: Record<string, unknown> = {}) => {
    const { status, opresult } = await run({ OP_ID: 'OP_VM_DEFINE', xml: guestXml(newGuest(`vm${++added}`)), ...more });
    return [status, opresult[0]];
  };
  const refused = (text: string, errorClass: string) => ['error', ['OpPrereqError', [text, errorClass]]];

  it('refuses a node that does not exist, or whose agent is away', async () => {
    const cluster = await startCluster({ redisUrl: redis().url });
    await cluster.addWorker();
    expect(await define(cluster, { node: 'hv9' })).toEqual(refused('node "hv9" does not exist', 'unknown_entity'));
    await cluster.store.discard('/node-reports/hv2');
    await expect
      .poll(() => define(cluster, { node: 'hv2' }))
      .toEqual(refused('node "hv2" is not running (daemon state dead)', 'wrong_state'));
  });

  it('says of each node why it cannot be, when none can', async () => {
    const cluster = await startCluster({ redisUrl: redis().url });
    await cluster.store.discard('/node-reports/hv1');
    await reportNode(cluster.store, 'hv2', nodeReport({ memory_total: 63 }));
    await cluster.addWorker();
    const text =
      'no node can take the VM: "hv1" is not running (daemon state dead); "hv2" has 63 MiB left, of the 64 MiB that the VM needs';
    expect(await define(cluster)).toEqual(refused(text, 'insufficient_resources'));
    const empty = await startCluster({ redisUrl: redis().url, nodes: [] });
    await empty.addWorker();
    expect(await define(empty)).toEqual(refused('no node can take the VM: the cluster has no nodes', 'insufficient_resources'));
  });

  it('takes the named node whether or not there is room, and says so when it starts the VM', async () => {
    const cluster = await startCluster({ redisUrl: redis().url });
    await reportNode(cluster.store, 'hv2', nodeReport({ memory_total: 63 }));
    await cluster.addWorker();
    const guest = newGuest('web1');
    expect(await define(cluster, { node: 'hv2', xml: guestXml(guest) })).toEqual(['success', { ...guest, node: 'hv2' }]);
    const { opresult } = await cluster.run({ OP_ID: 'OP_VM_START', vm: 'web1' });
    expect(opresult).toEqual([
      ['OpPrereqError', ['node "hv2" has 63 MiB left, of the 64 MiB that the VM needs', 'insufficient_resources']],
    ]);
  });
});
