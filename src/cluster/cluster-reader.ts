// The port to the cluster's present state. Reads are answered from memory; the front desk sees the cluster only through this.
import type { Lock } from '../../schemas/resources/lock.js';
import type { Node } from '../../schemas/resources/node.js';
import type { Vm } from '../../schemas/resources/vm.js';

export interface ClusterReader {
  vms(): Iterable<Vm>;
  vm(nameOrUuid: string): Vm | undefined;
  nodes(): Iterable<Node>;
  node(name: string): Node | undefined;
  /** The locks that some job holds. Throws environment_error when the store does not answer. */
  locks(): Promise<Lock[]>;
  /** Since when (milliseconds since 1970) nothing new is known, because the store is away; undefined while all is current. */
  readonly staleSinceMs: number | undefined;
}
