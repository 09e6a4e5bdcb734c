// What a list of changes would do to the tree, decided before anything is touched: all effects, or the conflict.
import { nameOf, parentOf } from '../path.js';
import { StoreConflict } from '../store.js';
import type { Change } from '../store.js';
import type { Effect, Nodes, NodeText } from './nodes.js';

/** A change of a commit, or one that only this store makes: a creation under a session. */
export type PlannedChange = (Change & { owner?: undefined }) | { kind: 'create'; path: string; data: string; owner: number | undefined };

/** The tree as the changes so far would leave it. */
interface View {
  get(path: string): Readonly<NodeText> | undefined;
  hasChildren(path: string): boolean;
}

function viewOf(nodes: Nodes, changed: ReadonlyMap<string, NodeText | undefined>): View {
  const get = (path: string): Readonly<NodeText> | undefined => (changed.has(path) ? changed.get(path) : nodes.get(path));
  return {
    get,
    hasChildren(path) {
      for (const name of nodes.children(path)) if (get(`${path}/${name}`)) return true;
      for (const [other, node] of changed) if (node && parentOf(other) === path && nameOf(other) !== '') return true;
      return false;
    },
  };
}

function planCreation(view: View, path: string, data: string, owner: number | undefined): Effect {
  if (view.get(path)) throw new StoreConflict(path, 'exists');
  const parent = view.get(parentOf(path));
  if (!parent) throw new StoreConflict(path, 'missing');
  if (parent.owner !== undefined) throw new Error(`${parentOf(path)} lives as long as a session and can have no children`);
  return { event: 'created', path, node: { data, version: 0, owner }, durable: owner === undefined };
}

function planChange(view: View, change: PlannedChange): Effect | undefined {
  if (change.kind === 'create') return planCreation(view, change.path, change.data, change.owner);
  const { path, version } = change;
  const node = view.get(path);
  if (!node) throw new StoreConflict(path, 'missing');
  if (node.version !== version) throw new StoreConflict(path, 'version');
  if (change.kind === 'check') return undefined;
  const durable = node.owner === undefined;
  if (change.kind === 'set') {
    return { event: 'changed', path, node: { data: change.data, version: version + 1, owner: node.owner }, durable };
  }
  if (view.hasChildren(path)) throw new StoreConflict(path, 'children');
  return { event: 'removed', path, node: undefined, durable };
}

/** The effects of these changes, each upon those before it. Throws StoreConflict. */
export function plan(nodes: Nodes, changes: Iterable<PlannedChange>): Effect[] {
  const changed = new Map<string, NodeText | undefined>();
  const view = viewOf(nodes, changed);
  const effects: Effect[] = [];
  for (const change of changes) {
    const effect = planChange(view, change);
    if (!effect) continue;
    changed.set(effect.path, effect.node);
    effects.push(effect);
  }
  return effects;
}
