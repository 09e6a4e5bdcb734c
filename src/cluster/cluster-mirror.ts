// The cluster as last seen, in memory: what GETs are answered from, and nodes are chosen by.
import type { Node } from '../../schemas/resources/node.js';
import type { Vm } from '../../schemas/resources/vm.js';
import { CLAIMS, sumOf, type GuestSize, type Ledger } from './claims.js';
import type { ClusterReader } from './cluster-reader.js';
import { ClassifiedError } from '../errors/classified-error.js';
import { listLocks } from './lock-list.js';
import { mirrorCollection } from './mirror.js';
import { NODE_REPORTS, NODES, type NodeDocument, type NodeReport } from './node-documents.js';
import { shareRounds } from './shared-round.js';
import { mirrorStorage } from './storage-mirror.js';
import type { Store } from './store.js';
import { isUuid, VMS, type VmDocument } from './vm-documents.js';
import { whileConnected } from './while-connected.js';

export interface ClusterMirror extends ClusterReader {
  close(): void;
}

/** What the VMs of a node add up to, running or not. */
interface Load {
  vms: number;
  provisionedMib: number;
}

const NO_LOAD: Load = { vms: 0, provisionedMib: 0 };
const NO_CLAIMS: GuestSize = { memory_mib: 0, vcpus: 0 };

/** Resolves when everything is loaded. `onError` is told of nodes of the store that can't be read. */
export async function mirrorCluster(store: Store, onError: (error: unknown, what: string | undefined) => void): Promise<ClusterMirror> {
  const options = { onError };
  const [vms, nodes, reports, claims] = await Promise.all([
    mirrorCollection(store, VMS, vmFrom, { ...options, index: ({ name }) => name }),
    mirrorCollection(store, NODES, (text) => JSON.parse(text) as NodeDocument, options),
    mirrorCollection(store, NODE_REPORTS, (text) => JSON.parse(text) as NodeReport, options),
    mirrorCollection(store, CLAIMS, (text) => sumOf(JSON.parse(text) as Ledger), options),
  ]);

  // Kept up with each change, so that reading a node costs nothing that grows with the VMs.
  const loads = new Map<string, Load>();
  const counted = new Map<string, Vm>();
  const addTo = (node: string, vm: Vm, sign: 1 | -1) => {
    const load = loads.get(node) ?? NO_LOAD;
    loads.set(node, {
      vms: load.vms + sign,
      provisionedMib: load.provisionedMib + sign * vm.memory,
    });
  };
  // A VM on its way counts on both nodes.
  const add = (vm: Vm, sign: 1 | -1) => {
    addTo(vm.node, vm, sign);
    if (vm.target_node !== '') addTo(vm.target_node, vm, sign);
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

  const storage = await mirrorStorage(store, vms, onError);
  const nodeOf = (document: NodeDocument): Node =>
    nodeFrom(document, {
      report: reports.get(document.name),
      load: loads.get(document.name) ?? NO_LOAD,
      claimed: claims.get(document.name) ?? NO_CLAIMS,
    });

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
    storage,
    locks: async () => await whileConnected(store, () => listLocks(store)),
    uriOf: (node) => nodes.get(node)?.uri,
    // One question to the store for all who ask at about the same time.
    caughtUp: shareRounds(() => catchUp(store, [vms, nodes, reports, claims, storage])),
    get staleSinceMs() {
      const all = [vms.staleSince, nodes.staleSince, reports.staleSince, claims.staleSince, storage.staleSinceMs];
      const since = all.filter((at) => at !== undefined);
      return since.length === 0 ? undefined : Math.min(...since);
    },
    close() {
      for (const mirror of [storage, vms, nodes, reports, claims]) mirror.close();
    },
  };
}

async function catchUp(store: Store, mirrors: readonly { caughtUp(): Promise<void> }[]): Promise<void> {
  while (store.session === 'connected') {
    try {
      return await whileConnected(store, async () => {
        await store.sync();
        await Promise.all(mirrors.map((mirror) => mirror.caughtUp()));
      });
    } catch (error) {
      // The store went away meanwhile.
      if (!(error instanceof ClassifiedError)) throw error;
    }
  }
}

function vmFrom(text: string): Vm {
  const { defined_by: _, ...document } = JSON.parse(text) as VmDocument;
  return { ...document, migrated: document.last_node === '' ? 'no' : `from ${document.last_node}` };
}

interface Figures {
  report: NodeReport | undefined;
  load: Load;
  claimed: GuestSize;
}

function nodeFrom(document: NodeDocument, { report, load, claimed }: Figures): Node {
  const total = report?.memory_total ?? 0;
  const free = report?.memory_free ?? 0;
  return {
    name: document.name,
    daemon_state: report === undefined ? 'dead' : report.hypervisor_silent ? 'hung' : 'run',
    coordinator_state: report?.coordinator_state ?? (document.coordinator ? 'secondary' : 'client'),
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
    unknown_domains: report?.unknown_domains ?? [],
    vcpu: { total: report?.cpu_count ?? 0, allocated: claimed.vcpus },
    memory: { total, allocated: claimed.memory_mib, provisioned: load.provisionedMib, used: total - free, free },
  };
}
