// The one-shot watches of one session: who is to be called when a path changes.

/** What happened to a node: it, its text or the list of its children. */
export type NodeEvent = 'created' | 'changed' | 'removed' | 'children';
export type WatchKind = 'text' | 'children';

export interface WatchTable {
  add(kind: WatchKind, path: string, onChange: () => void): void;
  /** Calls, once, those who watch for this; they are called soon, not within this call. */
  fire(event: NodeEvent, path: string): void;
  /** Calls everyone once: nothing is known any more about what they watch. */
  fireAll(): void;
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
  };
}
