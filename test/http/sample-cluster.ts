// A cluster of two nodes and three VMs that never changes by itself.
import type { Node } from '../../schemas/resources/node.js';
import type { Vm } from '../../schemas/resources/vm.js';
import type { ClusterReader } from '../../src/cluster/cluster-reader.js';
import type { StorageReader } from '../../src/cluster/storage-reader.js';
import { noStorage } from './no-storage.js';

export interface SampleCluster extends ClusterReader {
  staleSinceMs: number | undefined;
  storage: StorageReader;
}

const node = (name: string): Node => ({
  name,
  daemon_state: 'run',
  coordinator_state: 'client',
  domain_state: 'ready',
  cpu_count: 8,
  kernel: '6.1.0',
  os: 'GNU/Linux',
  arch: 'x86_64',
  libvirt_version: '9.0.0',
  qemu_version: '7.2.0',
  load: 0.5,
  domains_count: 0,
  running_domains: [],
  unknown_domains: [],
  vcpu: { total: 8, allocated: 0 },
  memory: { total: 32_768, allocated: 0, provisioned: 0, used: 1024, free: 31_744 },
});

const vm = (name: string, uuid: string, on: string, state: Vm['state']): Vm => ({
  name,
  uuid,
  state,
  node: on,
  last_node: '',
  target_node: '',
  migrated: 'no',
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
  disks: [],
  controllers: [],
  xml: '<domain/>',
});

export const WEB1_UUID = '11111111-1111-4111-8111-111111111111';

export function sampleCluster(): SampleCluster {
  const nodes = [node('hv2'), node('hv1')];
  const vms = [
    vm('web2', '22222222-2222-4222-8222-222222222222', 'hv2', 'stop'),
    vm('web1', WEB1_UUID, 'hv1', 'start'),
    vm('dätä 数据 نص', '33333333-3333-4333-8333-333333333333', 'hv1', 'start'),
  ];
  return {
    vms: () => vms,
    vm: (reference) => vms.find(({ name, uuid }) => name === reference || uuid === reference),
    nodes: () => nodes,
    node: (name) => nodes.find((candidate) => candidate.name === name),
    uriOf: (name) => nodes.find((candidate) => candidate.name === name) && `simulated://${name}`,
    locks: async () => [{ name: `vm/${WEB1_UUID}`, mode: 'exclusive', holders: [], waiters: [] }],
    storage: noStorage,
    caughtUp: async () => {},
    staleSinceMs: undefined,
  };
}
