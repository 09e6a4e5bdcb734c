// All that opcodes can see and change. Composed once a process; the same for the real cluster and the simulated one.
import type { Selector } from '../../schemas/names.js';
import type { ClusterReader } from '../../src/cluster/cluster-reader.js';
import type { VmDocuments } from '../../src/cluster/vm-documents.js';
import type { Hypervisors } from '../drivers/hypervisor.js';

export interface World {
  vms: VmDocuments;
  /** The cluster as last seen, a moment old: for choosing a node. What must be exact is read through `vms`. */
  cluster: ClusterReader;
  hypervisors: Hypervisors;
  /** By what a node is chosen when the request does not say. */
  selector: Selector;
}
