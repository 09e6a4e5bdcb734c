// The agent of one node: registers it, reports it while it lives, and follows what happens to its domains.
import type { Logger } from 'pino';
import { createLocks } from '../../src/cluster/locks.js';
import { registerNode, reportNode, type NodeReport } from '../../src/cluster/node-documents.js';
import type { Store } from '../../src/cluster/store.js';
import { vmDocuments, VMS, type VmDocuments } from '../../src/cluster/vm-documents.js';
import type { DomainSighting, HostFacts, Hypervisor } from '../drivers/hypervisor.js';
import { followDomains } from './follow-domains.js';
import type { HostFigures } from './host-figures.js';

export interface AgentParts {
  node: string;
  /** How workers reach this node's libvirt. */
  uri: string;
  hypervisor: Hypervisor;
  figures: () => HostFigures;
  store: Store;
  intervalMs: number;
  log: Logger;
}

export interface Agent {
  close(): Promise<void>;
}

/** Resolves when the node is registered and has been reported once. */
export async function startAgent(parts: AgentParts): Promise<Agent> {
  const { node, uri, hypervisor, store, intervalMs, log } = parts;
  const vms = vmDocuments(store);
  const locks = createLocks(store, { worker: `agent ${node}` });
  await registerNode(store, node, uri);
  const follower = followDomains(node, hypervisor, vms, locks, await vmsOn(node, store, vms));
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const look = async () => {
    const [host, sightings] = await Promise.all([hypervisor.host(), hypervisor.domains()]);
    await reportNode(store, node, reportOf(host, parts.figures(), sightings));
    await follower.follow(sightings);
  };
  let looking = look();
  const again = () => {
    if (closed) return;
    timer = setTimeout(() => {
      // A hypervisor or a store that is away is looked for again; meanwhile the last report stands as long as the session does.
      looking = look().catch((error: unknown) => log.warn({ err: error, node }, 'the agent could not look at its node'));
      void looking.then(again);
    }, intervalMs);
  };
  await looking.catch((error: unknown) => log.warn({ err: error, node }, 'the agent could not look at its node'));
  again();

  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await looking.catch(() => undefined);
    },
  };
}

async function vmsOn(node: string, store: Store, vms: VmDocuments): Promise<string[]> {
  const documents = await Promise.all((await store.children(VMS)).map((uuid) => vms.find(uuid)));
  return documents.flatMap((document) => (document?.node === node ? [document.uuid] : []));
}

function reportOf(host: HostFacts, { load, kernel, os, arch }: HostFigures, sightings: DomainSighting[]): NodeReport {
  return {
    cpu_count: host.cpuCount,
    load,
    memory_total: host.memoryTotalMib,
    memory_free: host.memoryFreeMib,
    running_domains: sightings.filter(({ state }) => state === 'running' || state === 'paused').map(({ uuid }) => uuid),
    kernel,
    os,
    arch: host.arch || arch,
    libvirt_version: host.libvirtVersion,
    qemu_version: host.qemuVersion,
  };
}
