// The tree of nodes in memory, and the effects that change it.
import { nameOf, parentOf } from '../path.js';
import type { NodeEvent } from '../watch-table.js';

/** `owner`: the session that the node lives as long as; undefined for good. */
export interface NodeText {
  data: string;
  version: number;
  owner: number | undefined;
}

/** A node as it becomes, or its removal when `node` is undefined. `durable`: to be written to disk. */
export interface Effect {
  event: Exclude<NodeEvent, 'children'>;
  path: string;
  node: NodeText | undefined;
  durable: boolean;
}

interface Entry extends NodeText {
  children: Set<string>;
  /** Counts creations. */
  nextNumber: number;
}

export interface Nodes {
  get(path: string): Readonly<NodeText> | undefined;
  /** Names; none for a missing node. '' is the top of the tree. */
  children(path: string): Iterable<string>;
  /** How many children were ever created here: the number that the next queued one gets. */
  nextNumber(path: string): number;
  ownedBy(owner: number): string[];
  apply(effects: Iterable<Effect>): void;
}

/** An empty tree. */
export function createNodes(): Nodes {
  const top: Entry = { data: '', version: 0, owner: undefined, children: new Set(), nextNumber: 0 };
  const entries = new Map<string, Entry>([['', top]]);
  const owned = new Map<number, Set<string>>();

  function disown(path: string, owner: number | undefined): void {
    if (owner !== undefined) owned.get(owner)?.delete(path);
  }

  function own(path: string, owner: number | undefined): void {
    if (owner === undefined) return;
    const paths = owned.get(owner);
    if (paths) paths.add(path);
    else owned.set(owner, new Set([path]));
  }

  function applyOne({ path, node }: Effect): void {
    const entry = entries.get(path);
    const parent = entries.get(parentOf(path));
    disown(path, entry?.owner);
    own(path, node?.owner);
    if (!node) {
      entries.delete(path);
      parent?.children.delete(nameOf(path));
    } else if (entry) {
      Object.assign(entry, node);
    } else {
      entries.set(path, { ...node, children: new Set(), nextNumber: 0 });
      if (!parent) return;
      parent.children.add(nameOf(path));
      parent.nextNumber += 1;
    }
  }

  return {
    get: (path) => entries.get(path),
    children: (path) => entries.get(path)?.children ?? [],
    nextNumber: (path) => entries.get(path)?.nextNumber ?? 0,
    ownedBy: (owner) => [...(owned.get(owner) ?? [])],
    apply(effects) {
      for (const effect of effects) applyOne(effect);
    },
  };
}
