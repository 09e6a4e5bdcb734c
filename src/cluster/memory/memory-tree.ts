// The tree that the sessions of one process share: changes it one after the other, on disk first, and tells the sessions.
import { parentOf } from '../path.js';
import { SessionExpired } from '../store.js';
import type { NodeEvent } from '../watch-table.js';
import { openDisk } from './disk.js';
import { openMemorySession } from './memory-session.js';
import type { Faults, MemorySession } from './memory-session.js';
import { createNodes } from './nodes.js';
import type { Effect, Nodes, NodeText } from './nodes.js';
import { plan } from './plan.js';
import type { PlannedChange } from './plan.js';

export interface MemoryTree {
  /** What stands in it at this moment, seen without a session. */
  readonly nodes: Pick<Nodes, 'get' | 'children'>;
  /** Another session, with ephemeral nodes and watches of its own. */
  openSession(faults?: Faults): MemorySession;
  /** Resolves when all changes under way are done and the directory is free. Sessions must be closed before. */
  close(): Promise<void>;
}

/** The side that sessions see. */
export interface SharedTree {
  readonly nodes: Pick<Nodes, 'get' | 'children'>;
  /** Decides in turn: nothing changes between what `decide` sees and its changes. Resolves to what it returned. */
  change<T>(decide: (nodes: Nodes) => { changes: PlannedChange[]; value: T }): Promise<T>;
  /** The number of a new owner of ephemeral nodes. */
  addOwner(): number;
  /** Throws SessionExpired when the owner is gone. */
  assertOwner(owner: number): void;
  /** Removes the owner with its nodes. */
  removeOwner(owner: number): Promise<void>;
  /** `before`: the node as it was. */
  listen(listener: (event: NodeEvent, path: string, before: NodeText | undefined) => void): () => void;
}

interface TreeOptions {
  /** Where the nodes that live for good are kept; without it they are gone with the process. */
  directory?: string | undefined;
  /** Collections that are made if missing. */
  roots?: readonly string[] | undefined;
}

const copyOf = (node: NodeText | undefined): NodeText | undefined => node && { data: node.data, version: node.version, owner: node.owner };

/** Opens the tree, as it was when its directory was last written. */
export async function openMemoryTree({ directory, roots = [] }: TreeOptions): Promise<MemoryTree> {
  const nodes = createNodes();
  const disk = directory === undefined ? undefined : await openDisk(directory);
  if (disk) nodes.apply(await disk.load());
  const owners = new Set<number>();
  const listeners = new Set<Parameters<SharedTree['listen']>[0]>();
  let lastOwner = 0;
  let turn: Promise<unknown> = Promise.resolve();

  function tell({ event, path }: Effect, before: NodeText | undefined): void {
    for (const listener of listeners) {
      listener(event, path, before);
      if (event !== 'changed') listener('children', parentOf(path), undefined);
    }
  }

  const shared: SharedTree = {
    nodes,
    change(decide) {
      const done = turn.then(async () => {
        const { changes, value } = decide(nodes);
        const effects = plan(nodes, changes);
        if (disk) await disk.write(effects);
        // In its entry a node is changed in place.
        const before = new Map(effects.map(({ path }) => [path, copyOf(nodes.get(path))]));
        nodes.apply(effects);
        for (const effect of effects) tell(effect, before.get(effect.path));
        return value;
      });
      turn = done.catch(() => {});
      return done;
    },
    addOwner() {
      lastOwner += 1;
      owners.add(lastOwner);
      return lastOwner;
    },
    assertOwner(owner) {
      if (!owners.has(owner)) throw new SessionExpired();
    },
    async removeOwner(owner) {
      owners.delete(owner);
      await shared.change(({ ownedBy, get }) => ({
        changes: ownedBy(owner).map((path) => ({ kind: 'remove', path, version: get(path)?.version ?? 0 })),
        value: undefined,
      }));
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  await shared.change(({ get }) => ({
    changes: roots.filter((path) => !get(path)).map((path) => ({ kind: 'create', path, data: '' })),
    value: undefined,
  }));

  return {
    nodes,
    openSession: (faults) => openMemorySession(shared, faults),
    async close() {
      await turn;
      await disk?.close();
    },
  };
}
