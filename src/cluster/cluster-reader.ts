// The port to the cluster's present state. Reads are answered from memory; the front desk sees the cluster only through this.
import type { Lock } from '../../schemas/resources/lock.js';
import type { Node } from '../../schemas/resources/node.js';
import type { Vm } from '../../schemas/resources/vm.js';
import type { StorageReader } from './storage-reader.js';

export interface ClusterReader {
  vms(): Iterable<Vm>;
  vm(nameOrUuid: string): Vm | undefined;
  nodes(): Iterable<Node>;
  node(name: string): Node | undefined;
  /** The URI under which a node's libvirt is reached from other nodes; undefined for a node that does not exist. */
  uriOf(node: string): string | undefined;
  /** What is known of the Ceph storage. */
  readonly storage: StorageReader;
  /**
   * Resolves when the reads below see all that anyone had committed by the time of the call, whichever process did it. Resolves at once
   * when the store is away: then `staleSinceMs` says since when nothing is known.
   */
  caughtUp(): Promise<void>;
  /** The locks that some job holds. Throws environment_error when the store does not answer. */
  locks(): Promise<Lock[]>;
  /** Since when (milliseconds since 1970) nothing new is known, because the store is away; undefined while all is current. */
  readonly staleSinceMs: number | undefined;
}
