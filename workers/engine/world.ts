// All that opcodes can see and change. Composed once a process; the same for the real cluster and the simulated one.
import type { Selector } from '../../schemas/names.js';
import type { ClusterDocuments } from '../../src/cluster/cluster-documents.js';
import type { ClusterReader } from '../../src/cluster/cluster-reader.js';
import type { RbdAccess } from '../../src/domain-xml/new-domain-xml.js';
import type { OpenCeph } from '../drivers/ceph.js';
import type { OsdHosts } from '../drivers/ceph-osd-host.js';
import type { Hypervisors } from '../drivers/hypervisor.js';
import type { ExpectedVms } from '../placement/expected-vms.js';

export interface NewGuests {
  /** libvirt's type of their domains. */
  domainType: 'kvm' | 'qemu';
  /** How they open their volumes. environment_error: no Ceph is configured. */
  rbdAccess(): Promise<RbdAccess>;
}

export interface World extends ClusterDocuments {
  /**
   * The cluster as last seen: in a check, with all that was committed before it began; in a step a moment old. For choosing a node; what
   * must be exact is read through `vms`.
   */
  cluster: ClusterReader;
  /** What this worker has decided and the cluster as last seen does not show yet. */
  expected: ExpectedVms;
  hypervisors: Hypervisors;
  /**
   * The cluster's Ceph. A check and a step get it bound to themselves: what its commands say goes to the job's log, and they end when the
   * opcode shall stop. environment_error: none is configured.
   */
  ceph: OpenCeph;
  /** The nodes' devices and the OSDs on them; bound as `ceph` is. */
  osdHosts: OsdHosts;
  /** What VMs that are created are made with. */
  newGuests: NewGuests;
  /** Whether a node's libvirt answers at that URI, asked from here and not through the node's agent. Takes a few seconds when it does not. */
  libvirtAnswers(uri: string): Promise<boolean>;
  /** By what a node is chosen when the request does not say. */
  selector: Selector;
  /** MiB/s that one migration may use; 0: all it gets. */
  migrationBandwidth: number;
}
