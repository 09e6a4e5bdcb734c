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
  /** Counts creations, from the highest number that is there: those before are forgotten when the tree is read from disk. */
  nextNumber: number;
}

/** The number that a queued node's name ends with; -1 for another one. */
function numberIn(name: string): number {
  const [digits] = /\d{10}$/.exec(name) ?? [];
  return digits === undefined ? -1 : Number(digits);
}

export interface Nodes {
  get(path: string): Readonly<NodeText> | undefined;
  /** Names; none for a missing node. '' is the top of the tree. */
  children(path: string): Iterable<string>;
  /** The number that the next queued child gets: higher than that of any that is there. */
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
      parent.nextNumber = Math.max(parent.nextNumber, numberIn(nameOf(path))) + 1;
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
