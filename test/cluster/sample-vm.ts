// A VM's document, for tests that care for its disks only.
import { randomUUID } from 'node:crypto';
import type { VmDocument } from '../../src/cluster/vm-documents.js';

type Disk = VmDocument['disks'][number];

/** `pool/volume`, or `pool/volume@snapshot`, as a plain disk. */
export const rbdDisk = (name: string, more: Partial<Disk> = {}): Disk => ({
  type: 'rbd',
  name,
  dev: 'vda',
  bus: 'virtio',
  device: 'disk',
  readonly: false,
  shareable: false,
  backing: [],
  ...more,
});

export const vmDocument = (name: string, disks: Disk[]): VmDocument => ({
  name,
  uuid: randomUUID(),
  state: 'stop',
  node: 'hv1',
  last_node: '',
  target_node: '',
  failed_reason: '',
  node_selector: null,
  description: '',
  memory: 1024,
  vcpu: 1,
  vcpu_topology: null,
  networks: [],
  type: 'hvm',
  arch: null,
  machine: null,
  console: null,
  emulator: null,
  features: [],
  disks,
  controllers: [],
  xml: '<domain/>',
  defined_by: 1,
});
