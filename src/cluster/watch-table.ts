// The watches of one session: who is to be called when a path changes. Those of a node are for one time; who follows a collection hears
// of each creation in it.
import { nameOf, parentOf } from './path.js';

/** What happened to a node: it, its text or the list of its children. */
export type NodeEvent = 'created' | 'changed' | 'removed' | 'children';
export type WatchKind = 'text' | 'children';

export interface WatchTable {
  add(kind: WatchKind, path: string, onChange: () => void): void;
  /** Calls, once, those who watch for this; they are called soon, not within this call. */
  fire(event: NodeEvent, path: string): void;
  /** Calls everyone once: nothing is known any more about what they watch. */
  fireAll(): void;
  /** Has the name of each node told that is created right below this one; returns the function that stops it. */
  follow(path: string, onCreated: (name: string) => void): () => void;
  /** Tells those who follow the node above, soon. */
  tellCreated(path: string): void;
  unfollowAll(): void;
}

// The list of a missing node's children is watched for the node's creation.
const heardBy: Record<NodeEvent, WatchKind[]> = {
  created: ['text', 'children'],
  changed: ['text'],
  removed: ['text', 'children'],
  children: ['children'],
};

// One microtask each: a watcher that throws takes neither the others nor the reader of the connection with it.
function call(listeners: Iterable<() => void>): void {
  for (const listener of listeners) queueMicrotask(listener);
}

export function createWatchTable(): WatchTable {
  const watches: Record<WatchKind, Map<string, Set<() => void>>> = { text: new Map(), children: new Map() };
  const followers = new Map<string, Set<(name: string) => void>>();

  return {
    add(kind, path, onChange) {
      const listeners = watches[kind].get(path);
      if (listeners) listeners.add(onChange);
      else watches[kind].set(path, new Set([onChange]));
    },
    fire(event, path) {
      for (const kind of heardBy[event]) {
        const listeners = watches[kind].get(path);
        if (!listeners) continue;
        watches[kind].delete(path);
        call(listeners);
      }
    },
    fireAll() {
      const all = [...watches.text.values(), ...watches.children.values()];
      watches.text.clear();
      watches.children.clear();
      for (const listeners of all) call(listeners);
    },
    follow(path, onCreated) {
      const others = followers.get(path) ?? new Set();
      followers.set(path, others.add(onCreated));
      return () => {
        others.delete(onCreated);
        if (others.size === 0 && followers.get(path) === others) followers.delete(path);
      };
    },
    tellCreated(path) {
      const name = nameOf(path);
      for (const onCreated of followers.get(parentOf(path)) ?? []) queueMicrotask(() => onCreated(name));
    },
    unfollowAll: () => followers.clear(),
  };
}
