// All that a job can change, as plain data: what the cluster keeps for good, the domains of the hypervisors, and Ceph. Two worlds are alike
// when their snapshots are equal; versions and what a running guest no longer shows are left out.
import type { Store } from '../../src/cluster/store.js';
import { OSDS, POOLS, VOLUMES } from '../../src/cluster/storage-documents.js';
import { STORAGE_MARKS, STORAGE_USERS } from '../../src/cluster/storage-users.js';
import { CLAIMS, type Ledger } from '../../src/cluster/claims.js';
import { PRIMARY_WISH } from '../../src/cluster/primary-election.js';
import { VM_NAMES, VMS } from '../../src/cluster/vm-documents.js';
import { NODES } from '../../src/cluster/node-documents.js';
import type { SimulatedCeph } from '../../workers/drivers/simulated/simulated-ceph.js';
import { keyOf } from '../../workers/drivers/simulated/simulated-ceph-rows.js';
import type { SimulatedDomain } from '../../workers/drivers/simulated/simulated-domain.js';
import type { SimulatedWorld } from '../../workers/drivers/simulated/simulated-world.js';

export interface Snapshot {
  /** By path. */
  kept: Record<string, string>;
  /** By `node/uuid`. */
  domains: Record<string, Partial<SimulatedDomain>>;
  /** Rows, as text, by what they are. */
  ceph: Record<string, string>;
}

/** The world as it is now. */
export async function takeSnapshot(store: Store, world: SimulatedWorld, ceph: SimulatedCeph): Promise<Snapshot> {
  const branches = await Promise.all([VMS, VM_NAMES, NODES, OSDS, POOLS, VOLUMES, STORAGE_MARKS].map((path) => nodesBelow(store, path)));
  const wish = (await store.get(PRIMARY_WISH))?.data ?? '';
  const parts = await store.children(STORAGE_USERS);
  const users = await Promise.all(parts.map((part) => nodesBelow(store, `${STORAGE_USERS}/${part}`)));
  const domains = Object.entries(world.snapshot()).flatMap(([node, all]) =>
    all.map((domain) => [`${node}/${domain.uuid}`, visible(domain)]),
  );
  // A number that was given once is not given again, whatever is undone.
  const rows = ceph.snapshot().filter(({ kind }) => kind !== 'counter');
  return {
    kept: Object.fromEntries([...branches.flat(), ...users.flat(), ...(await claimsIn(store)), [PRIMARY_WISH, wish]]),
    domains: Object.fromEntries(domains),
    ceph: Object.fromEntries(rows.map((row) => [keyOf(row).replaceAll('\0', '/'), JSON.stringify(row)])),
  };
}

/** The part of a snapshot that is about one VM, without its name and UUID: to be compared with that of another VM. */
export function partAbout({ kept, domains, ceph }: Snapshot, { name, uuid }: { name: string; uuid: string }): unknown {
  const about = <T>(record: Record<string, T>) =>
    Object.fromEntries(
      Object.entries(record).filter(([key, value]) =>
        [key, JSON.stringify(value)].some((text) => text.includes(uuid) || text.includes(name)),
      ),
    );
  const text = JSON.stringify(wholeOf({ kept: about(kept), domains: about(domains), ceph: about(ceph) }));
  return JSON.parse(text.replaceAll(uuid, 'UUID').replaceAll(name, 'NAME'));
}

/** A snapshot, to be compared with that of another cluster. In which order things came is nothing that anybody can see. */
export function wholeOf({ kept, domains, ceph }: Snapshot): unknown {
  const sorted = <T>(record: Record<string, T>) => Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const texts = (record: Record<string, string>) => sorted(record).map(([key, data]) => [key, withoutOrigin(data)]);
  return { kept: texts(kept), domains: sorted(domains), ceph: texts(ceph) };
}

async function nodesBelow(store: Store, path: string): Promise<[path: string, data: string][]> {
  const names = (await store.children(path)).toSorted();
  const nodes = await Promise.all(names.map((name) => store.get(`${path}/${name}`)));
  return names.map((name, index) => [`${path}/${name}`, nodes[index]?.data ?? '']);
}

/** Each claim by itself, with its size: who started the guest is no part of how things stand. */
async function claimsIn(store: Store): Promise<[path: string, data: string][]> {
  return (await nodesBelow(store, CLAIMS)).flatMap(([path, data]) =>
    Object.entries(JSON.parse(data) as Ledger).map(([uuid, { memory_mib, vcpus }]): [string, string] => [
      `${path}/${uuid}`,
      JSON.stringify({ memory_mib, vcpus }),
    ]),
  );
}

/** Why a guest that runs ended the last time is nothing that anybody can see. */
function visible({ endReason, ...domain }: SimulatedDomain): Partial<SimulatedDomain> {
  return domain.running === null ? { ...domain, endReason } : domain;
}

/** Which job made a thing, when, and with which number of Ceph's, differs between two things that are alike otherwise. */
const withoutOrigin = (data: string) =>
  data.replace(/,?"(defined_by|added_by|id)":\d+|,?"(id|fsid|block_name_prefix|created)":"[^"]*"/g, '');
