// One session with a tree in memory: the store as its user sees it, and the ways a test can disturb it.
import { assertChanges } from '../change-rules.js';
import { assertPath, nameOf, parentOf } from '../path.js';
import { createSessionGate } from '../session-gate.js';
import { ConnectionLost } from '../store.js';
import type { Change, Store } from '../store.js';
import { createWatchTable } from '../watch-table.js';
import type { NodeEvent } from '../watch-table.js';
import type { SharedTree } from './memory-tree.js';
import type { Nodes, NodeText } from './nodes.js';
import type { PlannedChange } from './plan.js';

/** What goes wrong on the way of a commit: it does not arrive, or its answer does not. The caller gets ConnectionLost either way. */
export interface Faults {
  onCommit?(changes: Change[]): 'lose-request' | 'lose-answer' | undefined;
}

export interface MemorySession extends Store {
  /** As if the server could not be reached. */
  suspend(): void;
  resume(): void;
  /** From now on it sees what others change, and is told of it, only when it syncs or has an answer to a change of its own. */
  lag(): void;
  /** Ends the lag: it sees all. */
  keepUp(): void;
  /** Ends the session and opens a new one; resolves when that is connected. */
  expire(): Promise<void>;
}

/** What a session that lags behind has not seen: the nodes as they were before, by path, and the events in their order. */
interface Unseen {
  before: Map<string, NodeText | undefined>;
  events: [NodeEvent, string][];
}

/** The creations that this path needs above it. */
function missingAbove(get: Nodes['get'], path: string): PlannedChange[] {
  const parent = parentOf(path);
  if (get(parent)) return [];
  return [...missingAbove(get, parent), { kind: 'create', path: parent, data: '' }];
}

export function openMemorySession(tree: SharedTree, faults: Faults = {}): MemorySession {
  const gate = createSessionGate();
  const watches = createWatchTable();
  let owner = tree.addOwner();
  let breaks = 0;
  let missed: [NodeEvent, string][] = [];
  let lastChange: Promise<unknown> = Promise.resolve();

  let unseen: Unseen | undefined;

  function tell(event: NodeEvent, path: string): void {
    if (gate.state !== 'connected') {
      missed.push([event, path]);
      return;
    }
    watches.fire(event, path);
    if (event === 'created') watches.tellCreated(path);
  }

  const stopListening = tree.listen((event, path, before) => {
    if (!unseen) {
      tell(event, path);
      return;
    }
    if (event !== 'children' && !unseen.before.has(path)) unseen.before.set(path, before);
    unseen.events.push([event, path]);
  });

  function catchUp(): void {
    if (!unseen) return;
    const { events } = unseen;
    unseen = { before: new Map(), events: [] };
    for (const [event, path] of events) tell(event, path);
  }

  gate.move('connected');

  /** Runs under the session of this call's start; an answer that is due while suspended comes with the connection. */
  async function within<T>(call: (owner: number) => Promise<T>): Promise<T> {
    const { generation } = gate;
    await gate.ready({ generation });
    const value = await call(owner);
    await gate.ready({ generation });
    return value;
  }

  function change<T>(decide: Parameters<typeof tree.change<T>>[0]): Promise<T> {
    const done = tree.change(decide).finally(catchUp);
    lastChange = done.catch(() => {});
    return done;
  }

  /** A session's calls are answered in their order: a read waits for the changes that were sent before it. */
  async function readable(): Promise<void> {
    await gate.ready();
    await lastChange;
    await gate.ready();
  }

  function getNow(path: string): { data: string; version: number } | undefined {
    const node = unseen?.before.has(path) ? unseen.before.get(path) : tree.nodes.get(path);
    return node && { data: node.data, version: node.version };
  }

  function childrenNow(path: string): string[] {
    const names = new Set(tree.nodes.children(path));
    for (const [changed, node] of unseen?.before ?? []) {
      if (parentOf(changed) !== path) continue;
      if (node) names.add(nameOf(changed));
      else names.delete(nameOf(changed));
    }
    return [...names];
  }

  return {
    get session() {
      return gate.state;
    },
    onSession: gate.onChange,
    connected: (signal) => gate.ready({ signal }),
    async get(path, onChange) {
      assertPath(path);
      await readable();
      if (onChange) watches.add('text', path, onChange);
      return getNow(path);
    },
    async getPresent(path, onChange) {
      assertPath(path);
      await readable();
      const node = getNow(path);
      if (node) watches.add('text', path, onChange);
      return node;
    },
    async children(path, onChange) {
      assertPath(path);
      await readable();
      if (onChange) watches.add('children', path, onChange);
      return childrenNow(path);
    },
    async followChildren(path, onCreated) {
      assertPath(path);
      await readable();
      return { names: childrenNow(path), stop: watches.follow(path, onCreated) };
    },
    async sync() {
      await readable();
      catchUp();
    },
    async commit(changes) {
      assertChanges(changes);
      await gate.ready({ generation: gate.generation });
      const own = owner;
      const breaksBefore = breaks;
      const fault = faults.onCommit?.(changes);
      if (fault === 'lose-request') throw new ConnectionLost();
      await change(() => {
        tree.assertOwner(own);
        return { changes, value: undefined };
      });
      if (fault === 'lose-answer' || breaks !== breaksBefore) throw new ConnectionLost();
    },
    async putEphemeral(path, data) {
      assertChanges([{ path, data }]);
      await within((own) =>
        change(({ get }) => {
          tree.assertOwner(own);
          const node = get(path);
          const creation: PlannedChange = { kind: 'create', path, data, owner: own };
          if (!node) return { changes: [creation], value: undefined };
          const { version } = node;
          if (node.owner === own) return { changes: [{ kind: 'set', path, data, version }], value: undefined };
          return { changes: [{ kind: 'remove', path, version }, creation], value: undefined };
        }),
      );
    },
    async createQueued(parent, name, data, { kept } = { kept: false }) {
      assertChanges([{ path: `${parent}/${name}`, data }]);
      const createNext = (own: number | undefined): Promise<string> =>
        change(({ get, nextNumber }) => {
          if (own !== undefined) tree.assertOwner(own);
          const numbered = `${name}${String(nextNumber(parent)).padStart(10, '0')}`;
          const path = `${parent}/${numbered}`;
          return { changes: [...missingAbove(get, path), { kind: 'create', path, data, owner: own }], value: numbered };
        });
      if (!kept) return within(createNext);
      await gate.ready();
      const made = await createNext(undefined);
      await gate.ready();
      return made;
    },
    async discard(path) {
      assertPath(path);
      await gate.ready();
      await change(({ get, children }) => {
        const node = get(path);
        const [child] = children(path);
        const changes: PlannedChange[] = node && child === undefined ? [{ kind: 'remove', path, version: node.version }] : [];
        return { changes, value: undefined };
      });
      await gate.ready();
    },
    async close() {
      if (gate.closed) return;
      stopListening();
      gate.close();
      await tree.removeOwner(owner);
    },
    suspend() {
      breaks += 1;
      watches.unfollowAll();
      gate.move('suspended');
    },
    resume() {
      const events = missed;
      missed = [];
      for (const [event, path] of events) watches.fire(event, path);
      gate.move('connected');
    },
    lag() {
      unseen ??= { before: new Map(), events: [] };
    },
    keepUp() {
      catchUp();
      unseen = undefined;
    },
    async expire() {
      const ended = owner;
      breaks += 1;
      gate.move('expired');
      missed = [];
      if (unseen) unseen = { before: new Map(), events: [] };
      watches.fireAll();
      watches.unfollowAll();
      await tree.removeOwner(ended);
      owner = tree.addOwner();
      gate.move('connected');
    },
  };
}
