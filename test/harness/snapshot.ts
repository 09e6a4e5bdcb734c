// All that a job can change, as plain data: what the cluster keeps for good, and the domains of the hypervisors. Two worlds are alike when
// their snapshots are equal; versions and what a running guest no longer shows are left out.
import type { Store } from '../../src/cluster/store.js';
import { VM_NAMES, VMS } from '../../src/cluster/vm-documents.js';
import { NODES } from '../../src/cluster/node-documents.js';
import type { SimulatedDomain } from '../../workers/drivers/simulated/simulated-domain.js';
import type { SimulatedWorld } from '../../workers/drivers/simulated/simulated-world.js';

export interface Snapshot {
  /** By path. */
  kept: Record<string, string>;
  /** By `node/uuid`. */
  domains: Record<string, Partial<SimulatedDomain>>;
}

/** The world as it is now. */
export async function takeSnapshot(store: Store, world: SimulatedWorld): Promise<Snapshot> {
  const branches = await Promise.all([VMS, VM_NAMES, NODES].map((path) => nodesBelow(store, path)));
  const domains = Object.entries(world.snapshot()).flatMap(([node, all]) =>
    all.map((domain) => [`${node}/${domain.uuid}`, visible(domain)]),
  );
  return { kept: Object.fromEntries(branches.flat()), domains: Object.fromEntries(domains) };
}

/** The part of a snapshot that is about one VM, without its name and UUID: to be compared with that of another VM. */
export function partAbout({ kept, domains }: Snapshot, { name, uuid }: { name: string; uuid: string }): unknown {
  const about = <T>(record: Record<string, T>) =>
    Object.entries(record).filter(([key, value]) =>
      [key, JSON.stringify(value)].some((text) => text.includes(uuid) || text.includes(name)),
    );
  const text = JSON.stringify({ kept: about(kept).map(([path, data]) => [path, withoutOrigin(data)]), domains: about(domains) });
  return JSON.parse(text.replaceAll(uuid, 'UUID').replaceAll(name, 'NAME'));
}

async function nodesBelow(store: Store, path: string): Promise<[path: string, data: string][]> {
  const names = (await store.children(path)).toSorted();
  const nodes = await Promise.all(names.map((name) => store.get(`${path}/${name}`)));
  return names.map((name, index) => [`${path}/${name}`, nodes[index]?.data ?? '']);
}

/** Why a guest that runs ended the last time is nothing that anybody can see. */
function visible({ endReason, ...domain }: SimulatedDomain): Partial<SimulatedDomain> {
  return domain.running === null ? { ...domain, endReason } : domain;
}

/** Which job defined a VM differs between two VMs that are alike otherwise. */
const withoutOrigin = (data: string) => data.replace(/,?"defined_by":\d+/, '');
