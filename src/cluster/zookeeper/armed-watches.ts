// Handing the watches of a broken connection to the next one of the same session. The server forgets them with the connection; the
// client would name them all in one packet, and a server refuses packets over 1 MiB (some 20,000 watches): here it is batches.
import type { Client, Watcher } from 'node-zookeeper-client';
import jute from 'node-zookeeper-client/lib/jute/index.js';

/** Paths by what is watched, and how far (a transaction number) the session has seen the tree. */
export interface ArmedWatches {
  zxid: Buffer;
  data: string[];
  existence: string[];
  children: string[];
}

type Kind = 'data' | 'existence' | 'children';

interface Connected {
  client: Client;
  onWatch: Watcher;
  destroy(): void;
}

const batchBytes = 100_000;
const kinds: Kind[] = ['data', 'existence', 'children'];

export const noWatches: ArmedWatches = { zxid: Buffer.alloc(8), data: [], existence: [], children: [] };

/** What this client has armed so far. */
export function watchesOf({ connectionManager: { watcherManager, zxid } }: Client): ArmedWatches {
  return {
    zxid,
    data: watcherManager.getDataWatcherPaths(),
    existence: watcherManager.getExistenceWatcherPaths(),
    children: watcherManager.getChildWatcherPaths(),
  };
}

function register({ client, onWatch }: Connected, kind: Kind, path: string): void {
  const manager = client.connectionManager;
  if (kind === 'data') manager.registerDataWatcher(path, onWatch);
  else if (kind === 'existence') manager.registerExistenceWatcher(path, onWatch);
  else manager.registerChildWatcher(path, onWatch);
}

/** The same watches, in parts small enough for one packet each. */
function inBatches(watches: ArmedWatches): ArmedWatches[] {
  const batches: ArmedWatches[] = [];
  let bytes = Infinity;
  for (const kind of kinds) {
    for (const path of watches[kind]) {
      bytes += Buffer.byteLength(path) + 4;
      if (bytes > batchBytes) {
        batches.push({ zxid: watches.zxid, data: [], existence: [], children: [] });
        bytes = Buffer.byteLength(path) + 4;
      }
      batches.at(-1)?.[kind].push(path);
    }
  }
  return batches;
}

/**
 * Arms these watches on a connection that has just opened; changes since their transaction number are told at once. Must come before
 * any other request, so that a reader that asks after the connection came back has been told of the changes before its answer.
 */
export function rearmWatches(connection: Connected, watches: ArmedWatches): void {
  for (const kind of kinds) for (const path of watches[kind]) register(connection, kind, path);
  for (const batch of inBatches(watches)) {
    const header = new jute.protocol.RequestHeader();
    header.type = jute.OP_CODES.SET_WATCHES;
    const payload = new jute.protocol.SetWatches();
    payload.relativeZxid = batch.zxid;
    payload.dataWatches = batch.data;
    payload.existWatches = batch.existence;
    payload.childWatches = batch.children;
    connection.client.connectionManager.queue(new jute.Request(header, payload), (error) => {
      if (error) connection.destroy();
    });
  }
}
