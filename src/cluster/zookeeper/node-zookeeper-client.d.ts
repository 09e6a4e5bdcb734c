// The part of node-zookeeper-client 1.1.3 that this folder uses, insides included: the package has no types of its own.

declare module 'node-zookeeper-client' {
  import type { EventEmitter } from 'node:events';
  import type { Socket } from 'node:net';
  import type { Request } from 'node-zookeeper-client/lib/jute/index.js';

  export type Answer<T> = (error?: Error | null, value?: T) => void;

  export interface Stat {
    version: number;
    ephemeralOwner: Buffer;
  }

  export interface Acl {
    readonly permission: number;
  }

  export interface WatchEvent {
    type: number;
    path: string;
  }

  export type Watcher = (event: WatchEvent) => void;

  export interface Result {
    err?: number;
  }

  export interface Transaction {
    readonly ops: { version: number }[];
    create(path: string, data: Buffer, acls: readonly Acl[], mode: number): Transaction;
    setData(path: string, data: Buffer): Transaction;
    remove(path: string): Transaction;
    check(path: string): Transaction;
    commit(callback: (error: Error | null | undefined, results: Result[] | undefined) => void): void;
  }

  export interface ConnectionManager extends EventEmitter {
    state: number;
    zxid: Buffer;
    servers: { host: string; port: number }[];
    socket: Socket | undefined;
    connectTimeoutHandler: NodeJS.Timeout | null;
    readonly watcherManager: {
      emit(event: WatchEvent): void;
      getDataWatcherPaths(): string[];
      getExistenceWatcherPaths(): string[];
      getChildWatcherPaths(): string[];
    };
    connect(): void;
    onSocketData(chunk: Buffer): void;
    queue(request: Request, callback: Answer<unknown>): void;
    registerDataWatcher(path: string, watcher: Watcher): void;
    registerExistenceWatcher(path: string, watcher: Watcher): void;
    registerChildWatcher(path: string, watcher: Watcher): void;
  }

  export interface Client {
    readonly connectionManager: ConnectionManager;
    connect(): void;
    addAuthInfo(scheme: string, auth: Buffer): void;
    getSessionId(): Buffer;
    getSessionPassword(): Buffer;
    getSessionTimeout(): number;
    create(path: string, data: Buffer, acls: readonly Acl[], mode: number, callback: Answer<string>): void;
    remove(path: string, version: number, callback: Answer<void>): void;
    setData(path: string, data: Buffer, version: number, callback: Answer<Stat>): void;
    getData(path: string, watcher: Watcher | undefined, callback: (error?: Error | null, data?: Buffer, stat?: Stat) => void): void;
    exists(path: string, watcher: Watcher | undefined, callback: Answer<Stat | null>): void;
    getChildren(path: string, watcher: Watcher | undefined, callback: Answer<string[]>): void;
    transaction(): Transaction;
  }

  interface Options {
    sessionTimeout: number;
    sessionId?: Buffer | undefined;
    sessionPassword?: Buffer | undefined;
  }

  const zookeeper: {
    createClient(connect: string, options: Options): Client;
    readonly ACL: { readonly OPEN_ACL_UNSAFE: readonly Acl[]; readonly CREATOR_ALL_ACL: readonly Acl[] };
    readonly CreateMode: {
      readonly PERSISTENT: number;
      readonly PERSISTENT_SEQUENTIAL: number;
      readonly EPHEMERAL: number;
      readonly EPHEMERAL_SEQUENTIAL: number;
    };
    readonly Event: {
      readonly NODE_CREATED: number;
      readonly NODE_DELETED: number;
      readonly NODE_DATA_CHANGED: number;
      readonly NODE_CHILDREN_CHANGED: number;
    };
    readonly Exception: {
      readonly CONNECTION_LOSS: number;
      readonly SESSION_EXPIRED: number;
      readonly NO_NODE: number;
      readonly NO_AUTH: number;
      readonly BAD_VERSION: number;
      readonly NODE_EXISTS: number;
      readonly NOT_EMPTY: number;
    };
  };
  export default zookeeper;
}

declare module 'node-zookeeper-client/lib/jute/index.js' {
  export interface SetWatches {
    relativeZxid: Buffer;
    dataWatches: string[];
    existWatches: string[];
    childWatches: string[];
  }

  export interface PathRequest {
    path: string;
  }

  export interface VersionedRequest extends PathRequest {
    version: number;
  }

  export type RequestPayload = SetWatches | PathRequest | VersionedRequest;

  export interface RequestHeader {
    type: number;
  }

  export class Request {
    constructor(header: RequestHeader, payload: RequestPayload | null);
    readonly header: RequestHeader;
    toBuffer(): Buffer;
  }

  const jute: {
    readonly OP_CODES: { readonly DELETE: number; readonly SYNC: number; readonly SET_WATCHES: number; readonly CLOSE_SESSION: number };
    readonly protocol: {
      readonly RequestHeader: new () => RequestHeader;
      readonly SetWatches: new () => SetWatches;
      readonly GetACLRequest: new () => PathRequest;
      readonly DeleteRequest: new () => VersionedRequest;
    };
    readonly Request: typeof Request;
  };
  export default jute;
}

declare module 'node-zookeeper-client/lib/ConnectionManager.js' {
  const ConnectionManager: {
    readonly STATES: { readonly DISCONNECTED: number; readonly CONNECTED: number; readonly SESSION_EXPIRED: number };
  };
  export default ConnectionManager;
}
