// What the cluster keeps of each node: what it is (kept), and what its agent last saw (gone with the agent).
import type { Node } from '../../schemas/resources/node.js';
import { StoreConflict, type Store } from './store.js';

/** Kept until the node is removed. */
export interface NodeDocument {
  name: string;
  /** The URI under which workers reach the node's libvirt. */
  uri: string;
  domain_state: Node['domain_state'];
  coordinator_state: Node['coordinator_state'];
}

/** What a node's agent saw, a few seconds ago at most. Sizes in MiB. */
export interface NodeReport {
  cpu_count: number;
  load: number;
  memory_total: number;
  memory_free: number;
  running_domains: string[];
  kernel: string;
  os: string;
  arch: string;
  libvirt_version: string;
  qemu_version: string;
}

export const NODES = '/nodes';
export const NODE_REPORTS = '/node-reports';

/** Makes the node known, or its address current; what was decided about it stays. */
export async function registerNode(store: Store, name: string, uri: string): Promise<void> {
  const path = `${NODES}/${name}`;
  for (;;) {
    const present = await store.get(path);
    const document = present && (JSON.parse(present.data) as NodeDocument);
    if (document?.uri === uri) return;
    const data = JSON.stringify({ domain_state: 'ready', coordinator_state: 'client', ...document, name, uri } satisfies NodeDocument);
    try {
      await store.commit([present === undefined ? { kind: 'create', path, data } : { kind: 'set', path, data, version: present.version }]);
      return;
    } catch (error) {
      if (!(error instanceof StoreConflict)) throw error;
    }
  }
}

/** Tells what the agent saw; as long as its session lives, the node counts as running. */
export async function reportNode(store: Store, name: string, report: NodeReport): Promise<void> {
  await store.putEphemeral(`${NODE_REPORTS}/${name}`, JSON.stringify(report));
}
