// The documents of the VMs whose domains are on a node, each read once and again after it has changed: what an agent asks for at every look
// costs the store nothing while nothing changes, and nothing that grows with the cluster.
import type { Store } from '../../src/cluster/store.js';
import { VMS, type VmDocument } from '../../src/cluster/vm-documents.js';

/** Undefined: the cluster does not know that VM. The same object as long as it has not changed. */
export type KnownDocuments = (uuid: string) => Promise<VmDocument | undefined>;

export function knownDocuments(store: Store): KnownDocuments {
  // As many as there are watches in the store: an entry goes when its watch has told of a change.
  const known = new Map<string, Promise<VmDocument | undefined>>();
  return (uuid) => {
    const present = known.get(uuid);
    if (present !== undefined) return present;
    const forget = () => known.delete(uuid);
    const reading = store.get(`${VMS}/${uuid}`, forget).then((node) => node && (JSON.parse(node.data) as VmDocument));
    known.set(uuid, reading);
    reading.catch(forget);
    return reading;
  };
}
