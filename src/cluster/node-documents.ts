// What the cluster keeps of each node: what it is (kept), and what its agent last saw (gone with the agent).
import type { Node } from '../../schemas/resources/node.js';
import { ClassifiedError } from '../errors/classified-error.js';
import { changesTo, compareAndSet, readJson, type Present } from './compare-and-set.js';
import type { Store } from './store.js';

/** Kept until the node is removed. */
export interface NodeDocument {
  name: string;
  /** The URI under which workers reach the node's libvirt. */
  uri: string;
  domain_state: Node['domain_state'];
  /** Whether it may become the primary. */
  coordinator: boolean;
}

/** What a node's agent saw, a few seconds ago at most. Sizes in MiB. */
export interface NodeReport {
  /** The hypervisor has not answered the agent for a while, by the agent's own clock: what follows is what was seen last. */
  hypervisor_silent: boolean;
  cpu_count: number;
  load: number;
  memory_total: number;
  memory_free: number;
  coordinator_state: Node['coordinator_state'];
  running_domains: string[];
  unknown_domains: Node['unknown_domains'];
  kernel: string;
  os: string;
  arch: string;
  libvirt_version: string;
  qemu_version: string;
}

export const NODES = '/nodes';
export const NODE_REPORTS = '/node-reports';

export interface NodeDocuments {
  /** Throws unknown_entity. */
  get(name: string): Promise<NodeDocument>;
  /** Replaces the document by what `change` makes of it; `change` may be called several times. Throws unknown_entity, or the signal's reason once it has aborted. */
  update(name: string, change: (document: NodeDocument) => NodeDocument, signal?: AbortSignal): Promise<NodeDocument>;
  /** Whether its agent reports it, as the store knows now. */
  isReported(name: string): Promise<boolean>;
}

export const nodePath = (name: string) => `${NODES}/${name}`;
const reportPath = (name: string) => `${NODE_REPORTS}/${name}`;

const read = (store: Store, name: string) => readJson<NodeDocument>(store, nodePath(name));

/** Throws unknown_entity. */
export async function readNode(store: Store, name: string): Promise<Present<NodeDocument>> {
  const found = await read(store, name);
  if (found === undefined) throw new ClassifiedError('unknown_entity', `node "${name}" does not exist`);
  return found;
}

export function nodeDocuments(store: Store): NodeDocuments {
  return {
    get: async (name) => (await readNode(store, name)).value,
    isReported: async (name) => (await store.get(reportPath(name))) !== undefined,
    async update(name, change, signal) {
      const decide = async () => {
        const found = await readNode(store, name);
        const result = change(found.value);
        return { changes: changesTo(nodePath(name), found, result), result };
      };
      return await compareAndSet(store, decide, signal);
    },
  };
}

/** Makes the node known, or its address and role current; what was decided about it stays. */
export async function registerNode(store: Store, { name, uri, coordinator }: Omit<NodeDocument, 'domain_state'>): Promise<void> {
  await compareAndSet(store, async () => {
    const present = await read(store, name);
    const document: NodeDocument = { domain_state: 'ready', ...present?.value, name, uri, coordinator };
    return { changes: changesTo(nodePath(name), present, document), result: undefined };
  });
}

/** Tells what the agent saw; as long as its session lives, the node counts as running. */
export async function reportNode(store: Store, name: string, report: NodeReport): Promise<void> {
  await store.putEphemeral(reportPath(name), JSON.stringify(report));
}
