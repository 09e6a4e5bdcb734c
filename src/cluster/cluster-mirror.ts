// The cluster as last seen, in memory: what GETs are answered from, and nodes are chosen by.
import type { Node } from '../../schemas/resources/node.js';
import type { Vm } from '../../schemas/resources/vm.js';
import type { ClusterReader } from './cluster-reader.js';
import { listLocks } from './lock-list.js';
import { mirrorCollection } from './mirror.js';
import { NODE_REPORTS, NODES, type NodeDocument, type NodeReport } from './node-documents.js';
import type { Store } from './store.js';
import { isUuid, VMS, type VmDocument } from './vm-documents.js';
import { whileConnected } from './while-connected.js';

export interface ClusterMirror extends ClusterReader {
  /** The URI under which workers reach a node's libvirt. */
  uriOf(node: string): string | undefined;
  close(): void;
}

/** What the VMs of a node add up to. */
interface Load {
  vms: number;
  provisionedMib: number;
  allocatedMib: number;
  allocatedVcpus: number;
}

const NO_LOAD: Load = { vms: 0, provisionedMib: 0, allocatedMib: 0, allocatedVcpus: 0 };

/** Resolves when everything is loaded. `onError` is told of nodes of the store that can't be read. */
export async function mirrorCluster(store: Store, onError: (error: unknown, what: string | undefined) => void): Promise<ClusterMirror> {
  const options = { onError };
  const [vms, nodes, reports] = await Promise.all([
    mirrorCollection(store, VMS, vmFrom, { ...options, index: ({ name }) => name }),
    mirrorCollection(store, NODES, (text) => JSON.parse(text) as NodeDocument, options),
    mirrorCollection(store, NODE_REPORTS, (text) => JSON.parse(text) as NodeReport, options),
  ]);

  // Kept up with each change, so that reading a node costs nothing that grows with the VMs.
  const loads = new Map<string, Load>();
  const counted = new Map<string, Vm>();
  const add = (vm: Vm, sign: 1 | -1) => {
    const load = loads.get(vm.node) ?? NO_LOAD;
    const runs = isAllocated(vm) ? sign : 0;
    loads.set(vm.node, {
      vms: load.vms + sign,
      provisionedMib: load.provisionedMib + sign * vm.memory,
      allocatedMib: load.allocatedMib + runs * vm.memory,
      allocatedVcpus: load.allocatedVcpus + runs * vm.vcpu,
    });
  };
  const recount = (uuid: string, vm: Vm | undefined) => {
    const before = counted.get(uuid);
    if (before !== undefined) add(before, -1);
    counted.delete(uuid);
    if (vm === undefined) return;
    add(vm, 1);
    counted.set(uuid, vm);
  };
  vms.onChange(recount);
  for (const [uuid, vm] of vms.all()) recount(uuid, vm);

  const nodeOf = (document: NodeDocument): Node => nodeFrom(document, reports.get(document.name), loads.get(document.name) ?? NO_LOAD);

  return {
    vms: () => vms.all().values(),
    vm(reference) {
      if (isUuid(reference)) return vms.get(reference.toLowerCase());
      const [uuid] = vms.keysBy(reference);
      return uuid === undefined ? undefined : vms.get(uuid);
    },
    *nodes() {
      for (const document of nodes.all().values()) yield nodeOf(document);
    },
    node(name) {
      const document = nodes.get(name);
      return document && nodeOf(document);
    },
    locks: async () => await whileConnected(store, () => listLocks(store)),
    uriOf: (node) => nodes.get(node)?.uri,
    get staleSinceMs() {
      const since = [vms, nodes, reports].flatMap(({ staleSince }) => (staleSince === undefined ? [] : [staleSince]));
      return since.length === 0 ? undefined : Math.min(...since);
    },
    close() {
      for (const mirror of [vms, nodes, reports]) mirror.close();
    },
  };
}

/** A VM holds its node's memory from its start to its end, also while it is being shut down. */
const isAllocated = ({ state }: Vm) => state === 'start' || state === 'restart' || state === 'shutdown';

function vmFrom(text: string): Vm {
  const { defined_by: _, ...document } = JSON.parse(text) as VmDocument;
  return { ...document, migrated: document.last_node === '' ? 'no' : `from ${document.last_node}` };
}

function nodeFrom(document: NodeDocument, report: NodeReport | undefined, load: Load): Node {
  const total = report?.memory_total ?? 0;
  const free = report?.memory_free ?? 0;
  return {
    name: document.name,
    daemon_state: report === undefined ? 'dead' : 'run',
    coordinator_state: document.coordinator_state,
    domain_state: document.domain_state,
    cpu_count: report?.cpu_count ?? 0,
    kernel: report?.kernel ?? '',
    os: report?.os ?? '',
    arch: report?.arch ?? '',
    libvirt_version: report?.libvirt_version ?? '',
    qemu_version: report?.qemu_version ?? '',
    load: report?.load ?? 0,
    domains_count: report?.running_domains.length ?? 0,
    running_domains: report?.running_domains ?? [],
    vcpu: { total: report?.cpu_count ?? 0, allocated: load.allocatedVcpus },
    memory: { total, allocated: load.allocatedMib, provisioned: load.provisionedMib, used: total - free, free },
  };
}
