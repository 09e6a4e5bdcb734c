// What the opcodes that work on nodes and on Ceph at once are tried on, each on a node of its own: what there is before, and the parameters.
import { expect } from 'vitest';
import { vmFromXml } from '../../src/cluster/vm-from-xml.js';
import { newDomainXml } from '../../src/domain-xml/new-domain-xml.js';
import type { TestCluster } from '../harness/cluster.js';
import { putOsd } from '../harness/osds.js';
import { GIB, putPool, putVolume } from '../harness/storage.js';

export interface OsdScenario {
  title: string;
  opcode: string;
  /** Makes what is there before; answers the parameters. Everything of it bears the node's name. */
  prepare(cluster: TestCluster, node: string): Promise<Record<string, unknown>>;
  steps: number;
  result(node: string): unknown;
  /** The first step that cannot be cancelled; none: all can. */
  irrevocableFrom?: number;
  /** The first step whose effect nothing takes back: what fails after it is finished by asking once more. */
  forGoodFrom?: number;
  /** What asking once more answers, when it is something else. */
  resultAfterwards?(node: string): unknown;
}

const SECRET = '8f0bd1a4-6f2c-4b53-9d5a-2f6a1c3e7b90';
const uuidOf = (node: string) => `00000000-0000-4000-8000-${Buffer.from(node).toString('hex').padStart(12, '0').slice(-12)}`;
const anyOsd = (node: string, device: string) => ({ osd: expect.any(Number), node, device });

async function volumesBefore(cluster: TestCluster, node: string): Promise<void> {
  await putPool(cluster, node);
  await putVolume(cluster, node, 'base', GIB, ['s1']);
}

async function stoppedVm(cluster: TestCluster, node: string): Promise<Record<string, unknown>> {
  await volumesBefore(cluster, node);
  await putVolume(cluster, node, 'data', GIB);
  const volumes = ['base', 'data'].map((volume) => ({ pool: node, volume }));
  const [name, uuid] = [`vm-${node}`, uuidOf(node)];
  const access = { monitors: [{ host: 'mon' }], user: 'admin', secretUuid: SECRET };
  const xml = newDomainXml({ type: 'kvm', name, uuid, description: '', memoryMib: 64, vcpus: 1, volumes, nics: [] }, access);
  const rest = { last_node: '', target_node: '', failed_reason: '', node_selector: null, defined_by: 0 };
  await cluster.vms.create({ ...vmFromXml(xml), uuid, state: 'stop', node, ...rest });
  return { vm: name, delete_disks: true };
}

export const OSD_SCENARIOS: readonly OsdScenario[] = [
  {
    title: 'an empty device',
    opcode: 'OP_OSD_ADD',
    prepare: async (_, node) => ({ node, device: '/dev/sdc' }),
    steps: 3,
    result: (node) => anyOsd(node, '/dev/sdc'),
  },
  {
    title: 'an empty device, with a weight',
    opcode: 'OP_OSD_ADD',
    prepare: async (_, node) => ({ node, device: '/dev/sdd', weight: 2.5 }),
    steps: 4,
    result: (node) => anyOsd(node, '/dev/sdd'),
  },
  {
    title: 'one that is in',
    opcode: 'OP_OSD_OUT',
    prepare: async (cluster, node) => ({ osd: await putOsd(cluster, node) }),
    steps: 1,
    result: () => ({ osd: expect.any(Number), state: 'out' }),
  },
  {
    title: 'one that is out',
    opcode: 'OP_OSD_IN',
    prepare: async (cluster, node) => {
      const osd = await putOsd(cluster, node);
      await cluster.ceph.open().osdOut(osd);
      return { osd };
    },
    steps: 1,
    result: () => ({ osd: expect.any(Number), state: 'in' }),
  },
  {
    title: 'one that is in and up',
    opcode: 'OP_OSD_REMOVE',
    prepare: async (cluster, node) => ({ osd: await putOsd(cluster, node), yes_i_really_mean_it: true }),
    steps: 6,
    result: (node) => ({ ...anyOsd(node, '/dev/sdb'), left: '' }),
    irrevocableFrom: 2,
    forGoodFrom: 3,
  },
  {
    title: 'one that has crashed, by force',
    opcode: 'OP_OSD_REMOVE',
    prepare: async (cluster, node) => {
      const osd = await putOsd(cluster, node);
      await cluster.ceph.crashOsd(osd);
      await cluster.ceph.open().osdOut(osd);
      return { osd, yes_i_really_mean_it: true, force: true };
    },
    steps: 4,
    result: (node) => ({ ...anyOsd(node, '/dev/sdb'), left: '' }),
    irrevocableFrom: 0,
    forGoodFrom: 1,
  },
  {
    title: 'two disks, one of them a copy that grows, and a card',
    opcode: 'OP_VM_CREATE',
    prepare: async (cluster, node) => {
      await volumesBefore(cluster, node);
      const disks = [
        { pool: node, volume: 'a', size: '1G' },
        { pool: node, volume: 'b', size: '2G', clone_of: { pool: node, volume: 'base', snapshot: 's1' } },
      ];
      const nics = [{ bridge: 'vmbr1', mac: '52:54:00:00:00:01' }];
      return { name: `vm-${node}`, uuid: uuidOf(node), vcpus: 2, memory: 64, disks, nics, node, description: 'two <disks>' };
    },
    steps: 7,
    result: (node) => ({
      uuid: uuidOf(node),
      name: `vm-${node}`,
      node,
      volumes: [
        { pool: node, volume: 'a', size_bytes: GIB },
        { pool: node, volume: 'b', size_bytes: 2 * GIB },
      ],
    }),
  },
  {
    title: 'a stopped VM with its disks',
    opcode: 'OP_VM_UNDEFINE',
    prepare: stoppedVm,
    steps: 4,
    result: (node) => ({
      uuid: uuidOf(node),
      name: `vm-${node}`,
      volumes: [
        { pool: node, volume: 'base' },
        { pool: node, volume: 'data' },
      ],
      kept: [],
    }),
    resultAfterwards: (node) => expect.objectContaining({ uuid: uuidOf(node), name: `vm-${node}` }),
    irrevocableFrom: 0,
    forGoodFrom: 1,
  },
];

/** Which numbers Ceph has given, and when, differs between two nodes that are alike otherwise. */
export const withoutNumbers = (about: unknown): unknown =>
  sorted(
    JSON.stringify(about)
      .replaceAll(/osds?\/\d+/g, 'osds/ID')
      .replaceAll(/\\"sinceMs\\":\d+,\\"pgs\\":\d+/g, '')
      .replaceAll(/\\"osd\\":\{[^}]*\}/g, '\\"osd\\":{}')
      .replaceAll(/00000000-0000-4000-8000-[0-9a-f]{12}/g, 'UUID'),
  );

/** Rows in the order of what is left of them. */
function sorted(text: string): unknown {
  const parts = JSON.parse(text) as Record<string, unknown[]>;
  return Object.fromEntries(Object.entries(parts).map(([part, rows]) => [part, rows.map((row) => JSON.stringify(row)).toSorted()]));
}
