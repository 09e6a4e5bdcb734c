// The port to the cluster's store: a tree of small texts with versions, atomic commits, one-shot watches and sessions.
// ZooKeeper's model, narrowed to what rapid needs; both implementations pass test/contract/store.ts.

/** A node's text and the version that a compare-and-set must name. */
export interface Versioned {
  data: string;
  version: number;
}

/** One change of a commit. A `set`, `remove` or `check` applies only to that version of the node. */
export type Change =
  | { kind: 'create'; path: string; data: string }
  | { kind: 'set'; path: string; data: string; version: number }
  | { kind: 'remove'; path: string; version: number }
  | { kind: 'check'; path: string; version: number };

/** `missing`: the node, or for a `create` the node above it. `children`: a `remove` of a node that has some. */
export type ConflictReason = 'exists' | 'missing' | 'version' | 'children';

/** A commit that was refused: `path` exists, is missing, or has another version. Nothing was changed. */
export class StoreConflict extends Error {
  readonly path: string;
  readonly reason: ConflictReason;

  constructor(path: string, reason: ConflictReason) {
    super(`${path}: ${reason}`);
    this.name = 'StoreConflict';
    this.path = path;
    this.reason = reason;
  }
}

/** The session that owned this call's ephemeral nodes is gone; locks held under it are lost. */
export class SessionExpired extends Error {
  constructor() {
    super('the session with the cluster store has expired');
    this.name = 'SessionExpired';
  }
}

/**
 * `connected`: calls are answered. `suspended`: the server can't be reached; the session, and what it holds, may or may not live.
 * `expired`: the session is over: its ephemeral nodes and watches are gone; a new one follows with `connected`.
 */
export type SessionState = 'connected' | 'suspended' | 'expired';

export interface Store {
  readonly session: SessionState;
  /** Tells each change of the session's state; returns the function that stops telling. */
  onSession(listener: (state: SessionState) => void): () => void;
  /** Resolves when the session is `connected` (at once if it is); rejects when the signal aborts. */
  connected(signal?: AbortSignal): Promise<void>;

  /** The node, or undefined. `onChange` is called once, at the next change of its text, its creation or its removal. */
  get(path: string, onChange?: () => void): Promise<Versioned | undefined>;
  /** As `get`, but a missing node is not watched: for readers who learn of a creation from `children`. */
  getPresent(path: string, onChange: () => void): Promise<Versioned | undefined>;
  /** The names (not paths) of the children, in no order; none when the node is missing. `onChange`: once, at the next change of the list. */
  children(path: string, onChange?: () => void): Promise<string[]>;
  /**
   * The children as `children` tells them, and from then on the name of each that is created, until the session is no longer `connected`:
   * then it must be asked again. `stop` ends it before.
   */
  followChildren(path: string, onCreated: (name: string) => void): Promise<{ names: string[]; stop(): void }>;
  /** Resolves when reads see, and watches have told, all that anyone had committed by the time of the call. */
  sync(): Promise<void>;
  /**
   * All changes or none. Throws StoreConflict; ConnectionLost: the caller can't know whether it was applied, it must look;
   * SessionExpired: it was asked for in a session that is over, and not applied.
   */
  commit(changes: Change[]): Promise<void>;
  /** Creates or replaces a node that lives as long as this session. */
  putEphemeral(path: string, data: string): Promise<void>;
  /**
   * Creates a node `<parent>/<name><ten digits>`, numbered in order of arrival within the parent, making the parent if need be. It
   * lives as long as this session, or for good when `kept`. Returns its name. `name` must be unique, so that a creation whose
   * answer was lost is recognised and not repeated.
   */
  createQueued(parent: string, name: string, data: string, lifetime?: { kept: boolean }): Promise<string>;
  /** Removes a node whatever its version; a missing one is fine, one with children stays. */
  discard(path: string): Promise<void>;
  close(): Promise<void>;
}

/*
 * While the session is suspended, reads and writes wait for it to return; a call under way when the connection broke is repeated when
 * that is safe (reads, putEphemeral, createQueued, discard) and is otherwise rejected with ConnectionLost. A session's end is the end of
 * what was to be changed in it: a commit that waits, putEphemeral and createQueued reject with SessionExpired, and nothing of them is
 * applied once the next session has begun. Reads, discard and a kept createQueued go on in the new session.
 */

/** The connection broke while a commit was under way: it was applied or it was not. */
export class ConnectionLost extends Error {
  constructor() {
    super('the connection to the cluster store broke while a change was under way');
    this.name = 'ConnectionLost';
  }
}
