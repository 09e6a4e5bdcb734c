// What the opcodes that work on whole nodes are tried on, each in a cluster of its own: two guests on hv1, and how everything stands after success.
import { NODE_REPORTS, nodeDocuments } from '../../src/cluster/node-documents.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { addGuest, newGuest, type Guest } from '../harness/guests.js';
import type { HiredWorker } from '../harness/hired-worker.js';
import { intervene, type Intervention } from '../harness/interventions.js';

export interface NodeScenario {
  opcode: string;
  /** Makes of the cluster what the opcode is for. */
  prepare(cluster: TestCluster, guests: Guest[]): Promise<void>;
  parameters: Record<string, unknown>;
  steps: number;
  /** Of hv1. */
  domainState: string;
  /** Where the guests run afterwards: `a` and `b`. */
  runsOn: [string, string];
  /** Whether what has moved stays where it is when the opcode is undone. */
  leavesMoved: boolean;
}

async function kill({ store, world }: TestCluster): Promise<void> {
  await store.discard(`${NODE_REPORTS}/hv1`);
  await world.node('hv1').power(false);
}

async function migrateAway({ store, vms, world }: TestCluster, guests: Guest[]): Promise<void> {
  await nodeDocuments(store).update('hv1', (node) => ({ ...node, domain_state: 'flushed' }));
  const [from, to] = [await world.hypervisors.on('hv1'), await world.hypervisors.on('hv2')];
  for (const { uuid } of guests) {
    const { xml } = await vms.get(uuid);
    await from.destroy(uuid);
    await from.undefine(uuid);
    await to.define(xml);
    await to.start(uuid);
    await vms.update(uuid, (vm) => ({ ...vm, node: 'hv2', last_node: 'hv1' }));
  }
}

const node = { node: 'hv1' };
const really = { yes_i_really_mean_it: true };

export const NODE_SCENARIOS: readonly NodeScenario[] = [
  {
    opcode: 'OP_NODE_FLUSH',
    prepare: async () => undefined,
    parameters: node,
    steps: 3,
    domainState: 'flushed',
    runsOn: ['hv2', 'hv2'],
    leavesMoved: true,
  },
  {
    opcode: 'OP_NODE_READY',
    prepare: migrateAway,
    parameters: node,
    steps: 3,
    domainState: 'ready',
    runsOn: ['hv1', 'hv1'],
    leavesMoved: true,
  },
  {
    opcode: 'OP_NODE_EVACUATE',
    prepare: kill,
    parameters: { ...node, ...really },
    steps: 3,
    domainState: 'flushed',
    runsOn: ['hv2', 'hv2'],
    leavesMoved: true,
  },
  {
    opcode: 'OP_VM_EVACUATE',
    prepare: async (cluster, [, b]) => {
      // The other one is at rest, so that it runs nowhere before and after.
      await cluster.vms.update(b?.uuid ?? '', (vm) => ({ ...vm, state: 'stop' }));
      await kill(cluster);
    },
    parameters: { vm: 'a', ...really },
    steps: 3,
    domainState: 'ready',
    runsOn: ['hv2', ''],
    leavesMoved: false,
  },
];

export interface NodeTake {
  scenario: NodeScenario;
  label: string;
  cluster: TestCluster;
  job: number;
  addWorker(): Promise<HiredWorker>;
  /** The state of hv1, and the node on which each guest runs. */
  stand(): Promise<{ domainState: string; runsOn: string[] }>;
}

/** A cluster with the scenario's job in the queue, and no worker yet. */
export async function takeNode(
  redisUrl: string,
  scenario: NodeScenario,
  label: string,
  intervention: Intervention = {},
): Promise<NodeTake> {
  const cluster = await startCluster({ redisUrl });
  const wrapped = intervene(opcodes);
  const guests = [newGuest('a'), newGuest('b')];
  for (const guest of guests) await addGuest(cluster, guest, { state: 'start' });
  await scenario.prepare(cluster, guests);
  const job = await cluster.submit({ OP_ID: scenario.opcode, ...scenario.parameters });
  wrapped.in.set(job, intervention);
  return {
    scenario,
    label: `${scenario.opcode}: ${label}`,
    cluster,
    job,
    addWorker: () => cluster.addWorker({ opcodes: wrapped.opcodes }),
    async stand() {
      const running = Object.entries(cluster.world.snapshot());
      const nodesOf = ({ uuid }: Guest) =>
        running.flatMap(([name, all]) => (all.some((one) => one.uuid === uuid && one.running) ? [name] : []));
      const { domain_state: domainState } = await nodeDocuments(cluster.store).get('hv1');
      return { domainState, runsOn: guests.map((guest) => nodesOf(guest).join()) };
    },
  };
}
