// The cluster store in ZooKeeper. Everything lives under one root path, which callers never see.
import zookeeper from 'node-zookeeper-client';
import type { WatchEvent } from 'node-zookeeper-client';
import { assertChanges } from '../change-rules.js';
import { ClassifiedError } from '../../errors/classified-error.js';
import { assertPath } from '../path.js';
import { ConnectionLost } from '../store.js';
import type { Change, Store, Versioned } from '../store.js';
import { createWatchTable } from '../watch-table.js';
import type { NodeEvent } from '../watch-table.js';
import { ConnectionBroken } from './connection.js';
import type { Connection } from './connection.js';
import { createQueued, putEphemeral } from './ephemerals.js';
import { sync, watchBelow } from './foreign-requests.js';
import { codeOf, refusalOf } from './refusal.js';
import { addChange, awaitCreation, commit, createAll, read, readChildren, remove } from './requests.js';
import { parseServers } from './servers.js';
import { openSession } from './session.js';

const { Event, Exception } = zookeeper;

interface ZooKeeperOptions {
  /** `host:port[,host:port…]`: host names, IPv4 addresses, or IPv6 addresses in brackets. */
  connect: string;
  /** Who this is to the servers. Everything is made for this user alone; without one it is everybody's. */
  user?: { name: string; password: string } | undefined;
  /** An absolute path; it and what is above it are made if missing. */
  root: string;
  /** Asked for; the server grants between 2 and 20 of its ticks. */
  sessionTimeoutMs: number;
  /** The collections (paths under the root) that are made if missing. */
  roots: readonly string[];
  /** Gives up waiting for the first connection. */
  signal?: AbortSignal;
}

const events = new Map<number, NodeEvent>([
  [Event.NODE_CREATED, 'created'],
  [Event.NODE_DATA_CHANGED, 'changed'],
  [Event.NODE_DELETED, 'removed'],
  [Event.NODE_CHILDREN_CHANGED, 'children'],
]);

// A missing node is watched by asking for its status; it may have come in between, then it is read again.
async function readOrWatch(connection: Connection, path: string, onWatched: () => void): Promise<Versioned | undefined> {
  for (;;) {
    const node = await read(connection, path, onWatched);
    if (node || (await awaitCreation(connection, path, onWatched))) return node;
  }
}

async function childrenOrWatch(connection: Connection, path: string, onWatched: () => void): Promise<string[]> {
  for (;;) {
    const names = await readChildren(connection, path, onWatched);
    if (names || (await awaitCreation(connection, path, onWatched))) return names ?? [];
  }
}

/**
 * Connects, waiting for a server as long as it takes, and makes the root and the collections. Throws wrong_input for a list of servers
 * that is none, environment_error when the root is another user's.
 */
export async function openZooKeeperStore({ connect, user, root, sessionTimeoutMs, roots, signal }: ZooKeeperOptions): Promise<Store> {
  assertPath(root);
  const credentials = user && `${user.name}:${user.password}`;
  const watches = createWatchTable();

  function onWatch({ type, path }: WatchEvent): void {
    const event = events.get(type);
    if (event) watches.fire(event, path);
  }

  const session = openSession({
    servers: parseServers(connect),
    credentials,
    sessionTimeoutMs,
    onWatch,
    onCreated: watches.tellCreated,
    onExpired: watches.fireAll,
  });
  // The server forgets these watches with the connection, and what has happened since is not told.
  session.gate.onChange((state) => {
    if (state !== 'connected') watches.unfollowAll();
  });

  function at(path: string): string {
    assertPath(path);
    return root + path;
  }

  async function commitOnce(changes: Change[]): Promise<void> {
    const placed = changes.map((change) => ({ ...change, path: at(change.path) }));
    assertChanges(placed);
    const refusal = await session.once((connection) =>
      commit(connection, (transaction) => {
        for (const change of placed) addChange(transaction, change, connection.acl);
      }),
    );
    if (refusal) throw refusalOf(refusal.code, changes[refusal.index]?.path ?? '');
  }

  const store: Store = {
    get session() {
      return session.gate.state;
    },
    onSession: session.gate.onChange,
    connected: (waitSignal) => session.gate.ready({ signal: waitSignal }),
    async get(path, onChange) {
      const full = at(path);
      if (!onChange) return session.repeat((connection) => read(connection, full));
      const onWatched = (): void => watches.add('text', full, onChange);
      return session.repeat((connection) => readOrWatch(connection, full, onWatched));
    },
    async getPresent(path, onChange) {
      const full = at(path);
      const onWatched = (): void => watches.add('text', full, onChange);
      return session.repeat((connection) => read(connection, full, onWatched));
    },
    async children(path, onChange) {
      const full = at(path);
      if (!onChange) return (await session.repeat((connection) => readChildren(connection, full))) ?? [];
      const onWatched = (): void => watches.add('children', full, onChange);
      return session.repeat((connection) => childrenOrWatch(connection, full, onWatched));
    },
    async followChildren(path, onCreated) {
      const full = at(path);
      let stop = (): void => {};
      const names = await session.repeat(async (connection) => {
        const watched = watchBelow(connection, full, () => (stop = watches.follow(full, onCreated)));
        const [found] = await Promise.all([readChildren(connection, full), watched]);
        return found ?? [];
      });
      return { names, stop: () => stop() };
    },
    sync: () => session.repeat((connection) => sync(connection, root)),
    async commit(changes) {
      try {
        await commitOnce(changes);
      } catch (error) {
        throw error instanceof ConnectionBroken ? new ConnectionLost() : error;
      }
    },
    async putEphemeral(path, data) {
      const full = at(path);
      assertChanges([{ path: full, data }]);
      const refusal = await session.repeatWithin((connection) => putEphemeral(connection, full, data));
      if (refusal) throw refusalOf(refusal.code, path);
    },
    async createQueued(parent, name, data, { kept } = { kept: false }) {
      const full = at(parent);
      assertChanges([{ path: `${full}/${name}`, data }]);
      const repeat = kept ? session.repeat : session.repeatWithin;
      return repeat((connection, repeated) => createQueued(connection, { parent: full, name, data, kept, repeated }));
    },
    async discard(path) {
      const full = at(path);
      try {
        await session.repeat((connection) => remove(connection, full));
      } catch (error) {
        const code = codeOf(error);
        if (code !== Exception.NO_NODE && code !== Exception.NOT_EMPTY) throw error;
      }
    },
    close: session.close,
  };

  try {
    await store.connected(signal);
    await session.repeat(async (connection) => {
      for (const path of ['', ...roots]) await createAll(connection, root + path);
    });
  } catch (error) {
    await session.close();
    if (codeOf(error) !== Exception.NO_AUTH) throw error;
    const who = user === undefined ? 'nobody' : `user "${user.name}" with this password`;
    throw new ClassifiedError('environment_error', `what is under ${root} in ZooKeeper is not for ${who}`, { cause: error });
  }
  return store;
}
