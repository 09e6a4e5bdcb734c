// One connection to one ZooKeeper server, from its handshake to its end. It is never taken up again: the client's own reconnection
// has no read timeout (a server that is stopped or cut off would be believed for ever), can't be cancelled while it waits, and
// forgets the requests that wait when a session expires. session.ts opens a new connection instead.
import zookeeper from 'node-zookeeper-client';
import type { Acl, Answer, Client, Watcher } from 'node-zookeeper-client';
import ConnectionManager from 'node-zookeeper-client/lib/ConnectionManager.js';
import jute from 'node-zookeeper-client/lib/jute/index.js';
import { defer } from '../deferred.js';
import { noWatches, rearmWatches, watchesOf } from './armed-watches.js';
import type { ArmedWatches } from './armed-watches.js';
import { codeOf } from './refusal.js';
import { createRequestWindow } from './request-window.js';
import { shuffled } from './servers.js';
import type { Server } from './servers.js';

const { STATES } = ConnectionManager;
const { Exception } = zookeeper;

/** The connection ended before this call was answered: it was done or it was not. */
export class ConnectionBroken extends Error {}

/** The server says that the session is over. */
export class SessionRefused extends Error {}

/** What a new connection needs to go on with the session of an older one. */
export interface Continuation {
  id: Buffer;
  password: Buffer;
  watches: ArmedWatches;
}

/** Whom a process connects to, and as whom. */
export interface Access {
  servers: readonly Server[];
  /** `user:password`; undefined: as nobody, and what is made is everybody's. */
  credentials: string | undefined;
}

export interface ConnectionOptions extends Access {
  sessionTimeoutMs: number;
  handshakeTimeoutMs: number;
  continuation: Continuation | undefined;
  onWatch: Watcher;
  /** A node was created below one that is watched with all below it. */
  onCreated(path: string): void;
  /** An answer came through this connection to a request sent at this time (performance.now()). */
  onAlive(sentAt: number, through: Connection): void;
  /** The connection, once it was open, has ended; told before the calls under way are rejected. */
  onEnd(ended: Connection): void;
  signal: AbortSignal;
}

export interface Connection {
  readonly client: Client;
  readonly onWatch: Watcher;
  /** Who may do what with the nodes that are made through it: this user alone, or everybody when there is none. */
  readonly acl: readonly Acl[];
  /** As the server granted it. */
  readonly sessionTimeoutMs: number;
  readonly over: boolean;
  /** Resolves when the connection is over. */
  readonly ended: Promise<void>;
  /** Sends a request, or queues it while too many are on their way. Rejects with ConnectionBroken or the client's error. */
  call<T>(send: (answer: Answer<T>) => void): Promise<T | undefined>;
  /** Asks for a sign of life, past the queue. */
  beat(): void;
  continuation(): Continuation;
  /** Ends the session and the connection; false: the connection alone, because the server has not answered within this time. */
  close(limitMs: number): Promise<boolean>;
  destroy(): void;
}

function createClient({ servers, credentials, sessionTimeoutMs, continuation }: ConnectionOptions): Client {
  const identity = continuation && { sessionId: continuation.id, sessionPassword: continuation.password };
  const client = zookeeper.createClient('localhost', { sessionTimeout: sessionTimeoutMs, ...identity });
  client.connectionManager.servers = shuffled(servers);
  if (credentials !== undefined) client.addAuthInfo('digest', Buffer.from(credentials));
  // Tells the server how much this session has seen, so that one that lags behind refuses it.
  if (continuation) client.connectionManager.zxid = continuation.watches.zxid;
  return client;
}

function destroySocket({ connectionManager: manager }: Client): void {
  if (manager.connectTimeoutHandler) clearTimeout(manager.connectTimeoutHandler);
  manager.socket?.destroy();
}

// The client knows no watches of more than one node: it drops events that no such watch was waiting for.
function tellCreations({ connectionManager: { watcherManager } }: Client, onCreated: (path: string) => void): void {
  const emit = watcherManager.emit.bind(watcherManager);
  watcherManager.emit = (event) => {
    emit(event);
    if (event.type === zookeeper.Event.NODE_CREATED) onCreated(event.path);
  };
}

/** Starts the client for one connection only, and keeps what its parser throws (on codes it does not know) from ending the process. */
function start(client: Client): void {
  const manager = client.connectionManager;
  const parse = manager.onSocketData.bind(manager);
  manager.onSocketData = (chunk) => {
    try {
      parse(chunk);
    } catch {
      destroySocket(client);
    }
  };
  client.connect();
  manager.connect = () => {};
}

/** An answer that says no more than that the session or the connection is gone. */
function isBreak(error: Error): boolean {
  const code = codeOf(error);
  return code === Exception.CONNECTION_LOSS || code === Exception.SESSION_EXPIRED;
}

function wrap(
  client: Client,
  { credentials, onWatch, onAlive, onEnd }: ConnectionOptions,
  ended: Promise<void>,
): Connection & { fail(): void } {
  const window = createRequestWindow(() => new ConnectionBroken('the connection to ZooKeeper has ended'));

  function timed<T>(send: (answer: Answer<T>) => void, answer: Answer<T>): void {
    const sentAt = performance.now();
    send((error, value) => {
      if (!error || !isBreak(error)) onAlive(sentAt, connection);
      answer(error && isBreak(error) ? new ConnectionBroken(error.message) : error, value);
    });
  }

  let over = false;
  const connection: Connection & { fail(): void } = {
    client,
    onWatch,
    acl: credentials === undefined ? zookeeper.ACL.OPEN_ACL_UNSAFE : zookeeper.ACL.CREATOR_ALL_ACL,
    sessionTimeoutMs: client.getSessionTimeout(),
    get over() {
      return over;
    },
    ended,
    call: (send) => window.add((answer) => timed(send, answer)),
    beat: () =>
      timed(
        (answer) => client.exists('/', undefined, answer),
        () => {},
      ),
    continuation: () => ({ id: client.getSessionId(), password: client.getSessionPassword(), watches: watchesOf(client) }),
    async close(limitMs) {
      let answered = false;
      const header = new jute.protocol.RequestHeader();
      header.type = jute.OP_CODES.CLOSE_SESSION;
      client.connectionManager.queue(new jute.Request(header, null), (error) => (answered = !error || !isBreak(error)));
      const timer = setTimeout(() => destroySocket(client), limitMs);
      await ended;
      clearTimeout(timer);
      return answered;
    },
    destroy: () => destroySocket(client),
    fail() {
      over = true;
      onEnd(connection);
      window.close();
    },
  };
  return connection;
}

/** Connects to any one server. Rejects with SessionRefused, or with ConnectionBroken: also when the signal aborts. */
export function openConnection(options: ConnectionOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const client = createClient(options);
    const giveUp = (): void => {
      // The client makes its socket in the tick after connect().
      setImmediate(() => destroySocket(client));
      settled(() => reject(new ConnectionBroken('no answer from ZooKeeper')));
    };
    const timer = setTimeout(giveUp, options.handshakeTimeoutMs);
    let connection: ReturnType<typeof wrap> | undefined;
    const end = defer<void>();

    // What comes after this was given up is nobody's any more: an answer may be in the socket already.
    let over = false;
    function settled(settle: () => void): void {
      over = true;
      clearTimeout(timer);
      options.signal.removeEventListener('abort', giveUp);
      settle();
    }

    function onOpen(): void {
      connection = wrap(client, options, end.promise);
      rearmWatches(connection, options.continuation?.watches ?? noWatches);
      const open = connection;
      settled(() => resolve(open));
    }

    function onState(state: number): void {
      if (state === STATES.CONNECTED && !over) onOpen();
      if (state === STATES.SESSION_EXPIRED) {
        settled(() => reject(new SessionRefused('the session has expired')));
        destroySocket(client);
      }
      if (state !== STATES.DISCONNECTED) return;
      settled(() => reject(new ConnectionBroken('ZooKeeper could not be reached')));
      connection?.fail();
      end.resolve();
    }

    options.signal.addEventListener('abort', giveUp, { once: true });
    tellCreations(client, options.onCreated);
    client.connectionManager.on('state', onState);
    start(client);
    if (options.signal.aborted) giveUp();
  });
}
