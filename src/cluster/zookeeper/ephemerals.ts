// Creating ephemeral and numbered nodes, so that a creation repeated after a lost answer makes no second one.
import zookeeper from 'node-zookeeper-client';
import { nameOf } from '../path.js';
import type { Connection } from './connection.js';
import { codeOf } from './refusal.js';
import { commit, create, createAll, readChildren, readStatus, setText } from './requests.js';
import type { TransactionRefusal } from './requests.js';

const { CreateMode, Exception } = zookeeper;

/** Replaces another session's node in one step; undefined when that was done. */
function takeOver(connection: Connection, path: string, data: string, version: number): Promise<TransactionRefusal | undefined> {
  return commit(connection, (transaction) => {
    transaction.remove(path).create(path, Buffer.from(data), connection.acl, CreateMode.EPHEMERAL);
    const removal = transaction.ops[0];
    if (removal) removal.version = version;
  });
}

/** What others may have done between two requests of ours: look again. */
const races = new Set([Exception.NODE_EXISTS, Exception.BAD_VERSION, Exception.NO_NODE]);

/** Creates the node, sets its text when it is this session's, replaces it when it is another's. Returns why it could not. */
export async function putEphemeral(connection: Connection, path: string, data: string): Promise<TransactionRefusal | undefined> {
  for (;;) {
    try {
      await create(connection, path, data, CreateMode.EPHEMERAL);
      return undefined;
    } catch (error) {
      const code = codeOf(error);
      if (code === Exception.NO_NODE) return { index: 0, code };
      if (code !== Exception.NODE_EXISTS) throw error;
    }
    const stat = await readStatus(connection, path);
    if (!stat) continue;
    if (stat.ephemeralOwner.equals(connection.client.getSessionId())) {
      if (await setText(connection, path, data)) return undefined;
      continue;
    }
    const refusal = await takeOver(connection, path, data, stat.version);
    if (!refusal) return undefined;
    if (!races.has(refusal.code)) return refusal;
  }
}

interface Queued {
  parent: string;
  name: string;
  data: string;
  /** Lives for good, not only as long as the session. */
  kept: boolean;
  /** An earlier attempt may have made the node. */
  repeated: boolean;
}

/** Creates the numbered node, or finds the one that an earlier attempt made. Returns its name. */
export async function createQueued(connection: Connection, { parent, name, data, kept, repeated }: Queued): Promise<string> {
  if (repeated) {
    const names = (await readChildren(connection, parent)) ?? [];
    const own = names.find((child) => child.startsWith(name) && child.length === name.length + 10);
    if (own) return own;
  }
  const mode = kept ? CreateMode.PERSISTENT_SEQUENTIAL : CreateMode.EPHEMERAL_SEQUENTIAL;
  for (;;) {
    try {
      return nameOf(await create(connection, `${parent}/${name}`, data, mode));
    } catch (error) {
      if (codeOf(error) !== Exception.NO_NODE) throw error;
      // Or again, when the parent was swept away in between.
      await createAll(connection, parent);
    }
  }
}
