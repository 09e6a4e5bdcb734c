// What the cluster keeps of the VMs whose domains are on a node, each node of the store read once and again after it has changed: what an agent
// asks for at every look costs the store nothing while nothing changes, and nothing that grows with the cluster.
import { ledgerPath, type Ledger } from '../../src/cluster/claims.js';
import type { Store } from '../../src/cluster/store.js';
import { VMS, type VmDocument } from '../../src/cluster/vm-documents.js';

/** Undefined: the cluster does not know that VM. The same object as long as it has not changed. */
export type KnownDocuments = (uuid: string) => Promise<VmDocument | undefined>;

export const knownDocuments = (store: Store): KnownDocuments => {
  const known = knownNodes<VmDocument>(store);
  return (uuid) => known(`${VMS}/${uuid}`);
};

/** The node's claims. */
export function knownLedger(store: Store, node: string): () => Promise<Ledger> {
  const known = knownNodes<Ledger>(store);
  return async () => (await known(ledgerPath(node))) ?? {};
}

function knownNodes<T>(store: Store): (path: string) => Promise<T | undefined> {
  // As many as there are watches in the store: an entry goes when its watch has told of a change.
  const known = new Map<string, Promise<T | undefined>>();
  return (path) => {
    const present = known.get(path);
    if (present !== undefined) return present;
    const forget = () => known.delete(path);
    const reading = store.get(path, forget).then((node) => node && (JSON.parse(node.data) as T));
    known.set(path, reading);
    reading.catch(forget);
    return reading;
  };
}
