// The VMs for which this worker has chosen a node and which the cluster as last seen does not show yet: counted in, so that many that are
// defined at once do not all go to the node that was the best before the first of them. A hint: other workers know nothing of it.
import type { Node } from '../../schemas/resources/node.js';
import type { Vm } from '../../schemas/resources/vm.js';
import type { ClusterReader } from '../../src/cluster/cluster-reader.js';

/** As much of the cluster as a choice needs. */
export interface Surroundings {
  nodes(): Iterable<Node>;
  vms(): Iterable<Pick<Vm, 'node'>>;
}

export interface ExpectedVms {
  add(vm: { uuid: string; node: string; memory: number }): void;
  /** The cluster as it will be when they are there. */
  within(cluster: ClusterReader): Surroundings;
}

/** One that does not come by then was not defined after all. */
const FORGOTTEN_AFTER_MS = 60_000;

export function expectedVms(): ExpectedVms {
  const expected = new Map<string, { node: string; memory: number; sinceMs: number }>();
  return {
    add: ({ uuid, node, memory }) => void expected.set(uuid, { node, memory, sinceMs: performance.now() }),
    within(cluster) {
      const oldestMs = performance.now() - FORGOTTEN_AFTER_MS;
      for (const [uuid, { sinceMs }] of expected) if (sinceMs < oldestMs || cluster.vm(uuid) !== undefined) expected.delete(uuid);
      const comingMib = new Map<string, number>();
      for (const { node, memory } of expected.values()) comingMib.set(node, (comingMib.get(node) ?? 0) + memory);
      return {
        *nodes() {
          for (const node of cluster.nodes()) {
            yield { ...node, memory: { ...node.memory, provisioned: node.memory.provisioned + (comingMib.get(node.name) ?? 0) } };
          }
        },
        *vms() {
          yield* cluster.vms();
          yield* expected.values();
        },
      };
    },
  };
}
