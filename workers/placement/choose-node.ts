// Which node a VM goes to: the one that is named, or the best by a selector among those that are ready and have room.
import type { Selector } from '../../schemas/names.js';
import type { Node } from '../../schemas/resources/node.js';
import { READY, shortageOf, type Claimant, type Claiming } from '../../src/cluster/claims.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import type { VmFromXml } from '../../src/cluster/vm-from-xml.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { World } from '../engine/world.js';
import type { Surroundings } from './expected-vms.js';

/** What each selector compares, least first (PVC's REST manual); what follows breaks ties, so that VMs that do not run yet spread too. */
const FIGURES: Record<Selector, (node: Node, provisioned: number) => number[]> = {
  mem: ({ memory }, provisioned) => [memory.allocated, memory.provisioned, provisioned],
  vcpus: ({ vcpu, memory }, provisioned) => [vcpu.allocated, provisioned, memory.provisioned],
  load: ({ load }, provisioned) => [load, provisioned],
  vms: ({ memory }, provisioned) => [provisioned, memory.allocated],
};

/** Where a VM shall go: to the named node, or to the best one by the selector, or else by the cluster's own. */
export interface Destination {
  node?: string | undefined;
  selector?: Selector | undefined;
}

/**
 * The node that the VM goes to, other than the one that it is on. The cluster as last seen says which is the best; whether it takes the VM is
 * read anew, and if it does not the next one is asked. unknown_entity: no such node; wrong_state: its agent is away, or it is not ready;
 * insufficient_resources: it, or every node, has no room.
 */
export async function placeFor(
  { cluster, expected, claims, selector: usual }: World,
  vm: Claimant,
  { node: named, selector = usual, claiming, isNew = false }: Destination & { claiming: Claiming; isNew?: boolean },
): Promise<string> {
  if (named !== undefined) {
    await claims.assertAdmitted(named, vm, claiming);
    return named;
  }
  const refusals = new Map(isNew ? [] : [[vm.node, 'is where it is now']]);
  for (;;) {
    const best = chooseNode(expected.within(cluster), selector, vm.memory, refusals);
    try {
      await claims.assertAdmitted(best, vm, claiming);
      return best;
    } catch (error) {
      if (!(error instanceof ClassifiedError)) throw error;
      refusals.set(best, error.message.replace(`node "${best}" `, ''));
    }
  }
}

/** The document of a VM that is being defined: at rest, on the node that it goes to. A named node needs no room for it yet. */
export async function newVm(
  world: World,
  described: VmFromXml & { uuid: string },
  { node, selector }: Destination,
): Promise<Omit<VmDocument, 'defined_by'>> {
  const document = {
    ...described,
    state: 'stop' as const,
    node: node ?? '',
    last_node: '',
    target_node: '',
    failed_reason: '',
    node_selector: node === undefined ? (selector ?? world.selector) : null,
  };
  if (node === undefined) {
    const placed = { ...document, node: await placeFor(world, document, { selector, claiming: { admits: READY }, isNew: true }) };
    world.expected.add(placed);
    return placed;
  }
  await world.claims.assertReady(node, READY);
  return document;
}

/**
 * The best node for a VM of that memory, as the cluster was last seen, but none of those that have refused it. insufficient_resources: there
 * is none, and the text says why for each.
 */
export function chooseNode(
  cluster: Surroundings,
  selector: Selector,
  memoryMib: number,
  refusals: ReadonlyMap<string, string> = new Map(),
): string {
  const nodes = [...cluster.nodes()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const obstacles = nodes.map((node) => refusals.get(node.name) ?? obstacleOf(node, memoryMib));
  const candidates = nodes.filter((_, index) => obstacles[index] === undefined);
  if (candidates.length === 0) {
    const reasons = nodes.map(({ name }, index) => `"${name}" ${obstacles[index]}`).join('; ');
    throw new ClassifiedError('insufficient_resources', `no node can take the VM: ${reasons || 'the cluster has no nodes'}`);
  }
  const provisioned = vmsPerNode(cluster);
  const keyed = candidates.map((node) => ({ name: node.name, figures: FIGURES[selector](node, provisioned.get(node.name) ?? 0) }));
  return keyed.reduce((best, next) => (comesBefore(next, best) ? next : best)).name;
}

function obstacleOf({ daemon_state, domain_state, memory }: Node, memoryMib: number): string | undefined {
  if (daemon_state !== 'run') return `is not running (daemon state ${daemon_state})`;
  if (domain_state !== 'ready') return `is not ready (domain state ${domain_state})`;
  return shortageOf(memory.total - memory.allocated, memoryMib);
}

function vmsPerNode(cluster: Surroundings): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { node } of cluster.vms()) counts.set(node, (counts.get(node) ?? 0) + 1);
  return counts;
}

interface Keyed {
  name: string;
  figures: number[];
}

function comesBefore(a: Keyed, b: Keyed): boolean {
  for (const [index, figure] of a.figures.entries()) {
    const other = b.figures[index] as number;
    if (figure !== other) return figure < other;
  }
  return a.name < b.name;
}
