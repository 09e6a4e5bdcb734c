// Which node a VM goes to: the one that is named, or the best by a selector among those that are ready and have room.
import type { Selector } from '../../schemas/names.js';
import type { Node } from '../../schemas/resources/node.js';
import type { ClusterReader } from '../../src/cluster/cluster-reader.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';

/** What each selector compares, least first (PVC's REST manual); what follows breaks ties, so that VMs that do not run yet spread too. */
const FIGURES: Record<Selector, (node: Node, provisioned: number) => number[]> = {
  mem: ({ memory }, provisioned) => [memory.allocated, memory.provisioned, provisioned],
  vcpus: ({ vcpu, memory }, provisioned) => [vcpu.allocated, provisioned, memory.provisioned],
  load: ({ load }, provisioned) => [load, provisioned],
  vms: ({ memory }, provisioned) => [provisioned, memory.allocated],
};

interface Naming {
  /** Whether the VM returns to the node that it was migrated from: a node that is being brought back takes its own VMs already. */
  returning?: boolean;
  /** The node's state as just read, where the cluster as last seen may be behind. */
  domainState?: Node['domain_state'] | undefined;
}

/** The named node if it may take VMs. unknown_entity: no such node; wrong_state: its agent is away, or it is not ready. */
export function namedNode(cluster: ClusterReader, name: string, { returning = false, domainState }: Naming = {}): Node {
  const seen = cluster.node(name);
  if (seen === undefined) throw new ClassifiedError('unknown_entity', `node "${name}" does not exist`);
  const node = { ...seen, domain_state: domainState ?? seen.domain_state };
  const obstacle = obstacleOf(node, returning ? ['ready', 'unflush'] : ['ready']);
  if (obstacle !== undefined) throw new ClassifiedError('wrong_state', `node "${name}" ${obstacle}`);
  return node;
}

/** Throws insufficient_resources when the node has not that much memory left beside the VMs that run there. */
export function assertRoom(node: Node, memoryMib: number): void {
  const shortage = shortageOf(node, memoryMib);
  if (shortage !== undefined) throw new ClassifiedError('insufficient_resources', `node "${node.name}" ${shortage}`);
}

/**
 * The best node for a VM of that memory, other than `present`, the one that it is on. insufficient_resources: there is none, and the text
 * says why for each.
 */
export function chooseNode(cluster: Pick<ClusterReader, 'nodes' | 'vms'>, selector: Selector, memoryMib: number, present?: string): string {
  const nodes = [...cluster.nodes()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const obstacles = nodes.map((node) => (node.name === present ? 'is where it is now' : (obstacleOf(node) ?? shortageOf(node, memoryMib))));
  const candidates = nodes.filter((_, index) => obstacles[index] === undefined);
  if (candidates.length === 0) {
    const reasons = nodes.map(({ name }, index) => `"${name}" ${obstacles[index]}`).join('; ');
    throw new ClassifiedError('insufficient_resources', `no node can take the VM: ${reasons || 'the cluster has no nodes'}`);
  }
  const provisioned = vmsPerNode(cluster);
  const keyed = candidates.map((node) => ({ name: node.name, figures: FIGURES[selector](node, provisioned.get(node.name) ?? 0) }));
  return keyed.reduce((best, next) => (comesBefore(next, best) ? next : best)).name;
}

function obstacleOf({ daemon_state, domain_state }: Node, fit: readonly Node['domain_state'][] = ['ready']): string | undefined {
  if (daemon_state !== 'run') return `is not running (daemon state ${daemon_state})`;
  if (!fit.includes(domain_state)) return `is not ready (domain state ${domain_state})`;
  return undefined;
}

function shortageOf({ memory }: Node, memoryMib: number): string | undefined {
  const leftMib = memory.total - memory.allocated;
  return leftMib < memoryMib ? `has ${leftMib} MiB left, of the ${memoryMib} MiB that the VM needs` : undefined;
}

function vmsPerNode(cluster: Pick<ClusterReader, 'vms'>): Map<string, number> {
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
