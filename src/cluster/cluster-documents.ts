// All that the cluster keeps of what it is meant to be, through one way to the store: what is changed through a fenced one is changed in the
// name of its locks.
import { claims, type Claims } from './claims.js';
import { nodeDocuments, type NodeDocuments } from './node-documents.js';
import { primaryElection, type PrimaryElection } from './primary-election.js';
import { storageDocuments, type StorageDocuments } from './storage-documents.js';
import type { Store } from './store.js';
import { vmDocuments, type VmDocuments } from './vm-documents.js';

export interface ClusterDocuments {
  vms: VmDocuments;
  nodes: NodeDocuments;
  claims: Claims;
  election: PrimaryElection;
  storage: StorageDocuments;
}

export const documentsOf = (store: Store): ClusterDocuments => ({
  vms: vmDocuments(store),
  nodes: nodeDocuments(store),
  claims: claims(store),
  election: primaryElection(store),
  storage: storageDocuments(store),
});
