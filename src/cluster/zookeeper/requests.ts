// ZooKeeper's requests as promises over one connection. All reject with ConnectionBroken, or with an error that carries a code.
import zookeeper from 'node-zookeeper-client';
import type { Acl, Stat, Transaction } from 'node-zookeeper-client';
import type { Change, Versioned } from '../store.js';
import { ConnectionBroken } from './connection.js';
import type { Connection } from './connection.js';
import { codeOf } from './refusal.js';

const { Exception, CreateMode } = zookeeper;

/** The value of a promise, or undefined when the server says that there is no such node. */
async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (codeOf(error) === Exception.NO_NODE) return undefined;
    throw error;
  }
}

/** Creates a node; returns its path, which has a number appended when the mode is a sequential one. */
export async function create(connection: Connection, path: string, data: string, mode: number): Promise<string> {
  const made = await connection.call<string>((answer) => connection.client.create(path, Buffer.from(data), connection.acl, mode, answer));
  return made ?? path;
}

/** Sets a node's text; false when there is no such node. */
export async function setText(connection: Connection, path: string, data: string): Promise<boolean> {
  const stat = await unlessMissing(connection.call<Stat>((answer) => connection.client.setData(path, Buffer.from(data), -1, answer)));
  return stat !== undefined;
}

export async function remove(connection: Connection, path: string): Promise<void> {
  await connection.call<void>((answer) => connection.client.remove(path, -1, answer));
}

/**
 * The node. With `onWatched` it is watched if it is there, and onWatched is called before the next message from the server is
 * read: a change may follow on the answer's heels, sooner than anyone who awaits the promise.
 */
export function read(connection: Connection, path: string, onWatched?: () => void): Promise<Versioned | undefined> {
  const { client, onWatch } = connection;
  return unlessMissing(
    connection.call<Versioned>((answer) =>
      client.getData(path, onWatched && onWatch, (error, data, stat) => {
        if (!error) onWatched?.();
        answer(error, { data: data?.toString() ?? '', version: stat?.version ?? 0 });
      }),
    ),
  );
}

/** The names of the children, or undefined when there is no such node; `onWatched` as for `read`. */
export function readChildren(connection: Connection, path: string, onWatched?: () => void): Promise<string[] | undefined> {
  const { client, onWatch } = connection;
  return unlessMissing(
    connection.call<string[]>((answer) =>
      client.getChildren(path, onWatched && onWatch, (error, names) => {
        if (!error) onWatched?.();
        answer(error, names);
      }),
    ),
  );
}

/** The node's status, or undefined when there is none. */
export async function readStatus(connection: Connection, path: string): Promise<Stat | undefined> {
  const stat = await connection.call<Stat | null>((answer) => connection.client.exists(path, undefined, answer));
  return stat ?? undefined;
}

/** Whether the node is missing still; if so its creation is watched, `onWatched` as for `read`. */
export async function awaitCreation(connection: Connection, path: string, onWatched: () => void): Promise<boolean> {
  const { client, onWatch } = connection;
  const stat = await connection.call<Stat | null>((answer) =>
    client.exists(path, onWatch, (error, found) => {
      if (!error && !found) onWatched();
      answer(error, found);
    }),
  );
  return !stat;
}

/** Creates a node for good, and those above it, unless they are there. */
export async function createAll(connection: Connection, path: string): Promise<void> {
  try {
    await create(connection, path, '', CreateMode.PERSISTENT);
  } catch (error) {
    const code = codeOf(error);
    if (code === Exception.NODE_EXISTS) return;
    if (code !== Exception.NO_NODE) throw error;
    await createAll(connection, path.slice(0, path.lastIndexOf('/')));
    await createAll(connection, path);
  }
}

// The client takes version 0 for 'any version': it is put in afterwards.
function setVersion(transaction: Transaction, version: number): void {
  const op = transaction.ops.at(-1);
  if (op) op.version = version;
}

/** Adds one change to a transaction. */
export function addChange(transaction: Transaction, change: Change, acl: readonly Acl[]): void {
  if (change.kind === 'create') {
    transaction.create(change.path, Buffer.from(change.data), acl, CreateMode.PERSISTENT);
    return;
  }
  if (change.kind === 'set') transaction.setData(change.path, Buffer.from(change.data));
  else if (change.kind === 'remove') transaction.remove(change.path);
  else transaction.check(change.path);
  setVersion(transaction, change.version);
}

/** Why a transaction was refused: the place of the change at fault, and the code. */
export interface TransactionRefusal {
  index: number;
  code: number;
}

/** Commits; returns undefined, or why nothing was changed. */
export function commit(connection: Connection, fill: (transaction: Transaction) => void): Promise<TransactionRefusal | undefined> {
  const transaction = connection.client.transaction();
  fill(transaction);
  return connection.call<TransactionRefusal>((answer) =>
    transaction.commit((error, results) => {
      if (!results) {
        answer(error ?? new ConnectionBroken('a transaction without results'));
        return;
      }
      const index = results.findIndex(({ err }) => err !== undefined && err !== 0);
      const code = results[index]?.err;
      answer(null, code === undefined ? undefined : { index, code });
    }),
  );
}
