// The session with ZooKeeper: keeps it on one connection after another, and knows when it must be taken for lost.
//
// The server ends a session when it has heard nothing for the session timeout. What this side knows for sure is when it sent the
// last request that was answered; counted from there, silence for nearly the session timeout is the end, whatever the connection looks
// like: at its full length another process may hold our locks, and this one must know before, however late its timers come. Two thirds
// of it break the connection, to try another one in what remains.
//
// A session that was taken for lost may live on at the server, and a request of it may be on its way. The next session begins only when
// the server has said that the old one is over: from then on nothing of the old one is applied, and what it asked for can be looked up.
import { setTimeout as delay } from 'node:timers/promises';
import type { Watcher } from 'node-zookeeper-client';
import { createSessionGate } from '../session-gate.js';
import type { SessionGate } from '../session-gate.js';
import { SessionExpired } from '../store.js';
import { noWatches } from './armed-watches.js';
import { ConnectionBroken, openConnection, SessionRefused } from './connection.js';
import type { Access, Connection, Continuation } from './connection.js';

const beatsPerTimeout = 4;
const looksPerTimeout = 20;
/** Shares of the session timeout: the silence after which the connection is broken, and the session taken for lost. */
const brokenAfter = 2 / 3;
const lostAfter = 0.88;
const minHandshakeMs = 1000;
const maxBackoffMs = 1000;
const closeLimitMs = 2000;

interface SessionOptions extends Access {
  sessionTimeoutMs: number;
  onWatch: Watcher;
  /** As ConnectionOptions.onCreated. */
  onCreated(path: string): void;
  /** The session is over: its watches too. Told after the gate's 'expired'. */
  onExpired(): void;
}

export interface Session {
  readonly gate: SessionGate;
  /** Runs against the connection of the moment, waiting for one; again and again until no break cuts it off. */
  repeat<T>(call: (connection: Connection, repeated: boolean) => Promise<T>): Promise<T>;
  /** As repeat, but rejects with SessionExpired when the session of this call's start is over. */
  repeatWithin<T>(call: (connection: Connection, repeated: boolean) => Promise<T>): Promise<T>;
  /**
   * Waits for a connection, then runs once; rejects with SessionExpired when the session of this call's start is over before, and
   * with ConnectionBroken when a break cuts it off.
   */
  once<T>(call: (connection: Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Begins to connect, and goes on until it is closed. */
export function openSession({ servers, credentials, sessionTimeoutMs, onWatch, onCreated, onExpired }: SessionOptions): Session {
  const gate = createSessionGate();
  let grantedMs = sessionTimeoutMs;
  let aliveAt: number | undefined;
  let beatAt = 0;
  let connection: Connection | undefined;
  let continuation: Continuation | undefined;
  let attempt = new AbortController();
  /** The session that was taken for lost and of whose end the server has not told yet, and when it must have noticed by itself. */
  let ending: { identity: Continuation; dueAt: number } | undefined;

  function expire(known: boolean): void {
    const lost = connection;
    const identity = lost?.continuation() ?? continuation;
    ending = known || !identity ? undefined : { identity, dueAt: (aliveAt ?? 0) + grantedMs };
    connection = undefined;
    continuation = undefined;
    aliveAt = undefined;
    gate.move('expired');
    attempt.abort();
    lost?.destroy();
    onExpired();
  }

  function look(): void {
    if (aliveAt === undefined) return;
    const now = performance.now();
    const silenceMs = now - aliveAt;
    if (silenceMs >= grantedMs * lostAfter) expire(false);
    else if (silenceMs >= grantedMs * brokenAfter) connection?.destroy();
    else if (connection && now - beatAt >= grantedMs / beatsPerTimeout) {
      beatAt = now;
      connection.beat();
    }
  }

  function onEnd(): void {
    if (!connection) return;
    continuation = connection.continuation();
    connection = undefined;
    gate.move('suspended');
  }

  const handshakeTimeoutMs = Math.max(minHandshakeMs, sessionTimeoutMs / 3);

  async function openOnce(): Promise<Connection> {
    const { signal } = (attempt = new AbortController());
    const startedAt = performance.now();
    const opened = await openConnection({
      servers,
      credentials,
      sessionTimeoutMs,
      handshakeTimeoutMs,
      continuation,
      onWatch,
      onCreated,
      onAlive: (sentAt, through) => {
        if (connection === through) aliveAt = Math.max(aliveAt ?? 0, sentAt);
      },
      onEnd: (ended) => {
        if (connection === ended) onEnd();
      },
      signal,
    });
    // It may have ended before its opening is heard of here.
    if (opened.over || signal.aborted) {
      opened.destroy();
      throw new ConnectionBroken('over while it opened');
    }
    connection = opened;
    grantedMs = opened.sessionTimeoutMs;
    aliveAt = startedAt;
    beatAt = startedAt;
    return opened;
  }

  async function keepConnected(): Promise<void> {
    for (let failures = 0; !gate.closed; ) {
      try {
        await endLost();
        if (gate.closed) break;
        const opened = await openOnce();
        failures = 0;
        gate.move('connected');
        await opened.ended;
      } catch (error) {
        if (error instanceof SessionRefused) expire(true);
        else if (!(error instanceof ConnectionBroken)) throw error;
        failures += 1;
        await backOff(failures);
      }
    }
  }

  /** Resolves when the server has said that the session taken for lost is over; at once when there is none. */
  async function endLost(): Promise<void> {
    if (!ending) return;
    const { signal } = (attempt = new AbortController());
    const { identity, dueAt } = ending;
    // Not sooner than the server would end it: until then whoever held something in its name may count on the rest of the time.
    await delay(Math.max(0, dueAt - performance.now()), undefined, { signal }).catch(() => {});
    try {
      const last = await openConnection({
        servers,
        credentials,
        sessionTimeoutMs,
        handshakeTimeoutMs,
        continuation: { ...identity, watches: noWatches },
        onWatch: () => {},
        onCreated: () => {},
        onAlive: () => {},
        onEnd: () => {},
        signal,
      });
      if (!(await last.close(closeLimitMs))) throw new ConnectionBroken('no answer to the end of a session');
    } catch (error) {
      if (!(error instanceof SessionRefused)) throw error;
    }
    ending = undefined;
  }

  // The first attempts follow at once: with an ensemble they reach another server. The spread keeps clients from coming in step.
  async function backOff(failures: number): Promise<void> {
    const limitMs = Math.min(maxBackoffMs, 10 * 2 ** failures);
    attempt = new AbortController();
    await delay(limitMs * (0.5 + Math.random() / 2), undefined, { signal: attempt.signal }).catch(() => {});
  }

  async function current(generation?: number): Promise<Connection> {
    for (;;) {
      await gate.ready({ generation });
      if (connection) return connection;
    }
  }

  const looking = setInterval(look, sessionTimeoutMs / looksPerTimeout);
  const running = keepConnected();

  async function repeatWhile<T>(
    generation: number | undefined,
    call: (connection: Connection, repeated: boolean) => Promise<T>,
  ): Promise<T> {
    for (let repeated = false; ; repeated = true) {
      const through = await current(generation);
      try {
        return await call(through, repeated);
      } catch (error) {
        if (!(error instanceof ConnectionBroken)) throw error;
      }
    }
  }

  return {
    gate,
    repeat: (call) => repeatWhile(undefined, call),
    async repeatWithin(call) {
      const { generation } = gate;
      const value = await repeatWhile(generation, call);
      if (gate.generation !== generation) throw new SessionExpired();
      return value;
    },
    async once(call) {
      return call(await current(gate.generation));
    },
    async close() {
      if (gate.closed) return running;
      clearInterval(looking);
      const open = connection;
      connection = undefined;
      gate.close();
      attempt.abort();
      await open?.close(closeLimitMs);
      await running;
    },
  };
}
