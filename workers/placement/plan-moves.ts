// Where the VMs of a node would go if it were emptied now: each by its own selector, with those before it counted in. What a dry run shows; when
// it is done in earnest each VM chooses for itself, at its time.
import type { Selector } from '../../schemas/names.js';
import type { Node } from '../../schemas/resources/node.js';
import type { Vm } from '../../schemas/resources/vm.js';
import type { ClusterReader } from '../../src/cluster/cluster-reader.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { chooseNode } from './choose-node.js';
import type { Surroundings } from './expected-vms.js';

/** As much of a VM as the plan needs. */
type Movable = Pick<Vm, 'uuid' | 'name' | 'memory' | 'vcpu' | 'node_selector'>;

export interface PlannedVm {
  uuid: string;
  name: string;
}

/** `blocked`: why it can go nowhere. */
export type PlannedMove = PlannedVm & ({ to: string } | { blocked: string });

/** The plan for these VMs, which are on `from`, by name; `usual` is the selector of those that have none. */
export function planMoves(
  cluster: Pick<ClusterReader, 'nodes' | 'vms'>,
  from: string,
  vms: Iterable<Movable>,
  usual: Selector,
): PlannedMove[] {
  const moved = new Map<string, { vm: Movable; to: string }>();
  const later = afterMoves(cluster, moved);
  return byName(vms).map((vm) => {
    const { uuid, name } = vm;
    try {
      const to = chooseNode(later, vm.node_selector ?? usual, vm.memory, new Map([[from, 'is where it is now']]));
      moved.set(uuid, { vm, to });
      return { uuid, name, to };
    } catch (error) {
      if (error instanceof ClassifiedError) return { uuid, name, blocked: error.message };
      throw error;
    }
  });
}

export const byName = <T extends { name: string }>(all: Iterable<T>): T[] =>
  [...all].toSorted((one, other) => (one.name < other.name ? -1 : 1));

/** The cluster as it would be once these VMs run where they go. */
function afterMoves(cluster: Pick<ClusterReader, 'nodes' | 'vms'>, moved: ReadonlyMap<string, { vm: Movable; to: string }>): Surroundings {
  return {
    *nodes() {
      const gains = [...moved.values()];
      for (const node of cluster.nodes()) {
        yield withGains(
          node,
          gains.flatMap(({ vm, to }) => (to === node.name ? [vm] : [])),
        );
      }
    },
    *vms() {
      for (const vm of cluster.vms()) yield { ...vm, node: moved.get(vm.uuid)?.to ?? vm.node };
    },
  };
}

function withGains(node: Node, gains: Movable[]): Node {
  const memoryMib = gains.reduce((sum, { memory }) => sum + memory, 0);
  const vcpus = gains.reduce((sum, { vcpu }) => sum + vcpu, 0);
  const { memory, vcpu } = node;
  return {
    ...node,
    vcpu: { ...vcpu, allocated: vcpu.allocated + vcpus },
    memory: { ...memory, allocated: memory.allocated + memoryMib, provisioned: memory.provisioned + memoryMib },
  };
}
