// The state of a session with the store, and the gate that calls wait at until the session is connected.
import { StoreClosed } from './store-closed.js';
import { SessionExpired } from './store.js';
import type { SessionState } from './store.js';

interface Wait {
  signal?: AbortSignal | undefined;
  /** Reject with SessionExpired as soon as the session of this number is over. */
  generation?: number | undefined;
}

export interface SessionGate {
  readonly state: SessionState;
  /** Counts the sessions: one more after each expiry. */
  readonly generation: number;
  readonly closed: boolean;
  /** Listeners must not throw. */
  onChange(listener: (state: SessionState) => void): () => void;
  /** Resolves when connected. Rejects with StoreClosed, with SessionExpired (see Wait) or with the signal's reason. */
  ready(wait?: Wait): Promise<void>;
  move(state: SessionState): void;
  /** Ends the session for good: tells 'expired', then refuses all who wait and who come. */
  close(): void;
}

interface Waiter extends Wait {
  settle(error?: Error): void;
}

/** A gate that is not yet connected. */
export function createSessionGate(): SessionGate {
  let state: SessionState = 'suspended';
  let generation = 0;
  let closed = false;
  const listeners = new Set<(state: SessionState) => void>();
  const waiters = new Set<Waiter>();

  function refusal({ signal, generation: bound }: Wait): Error | undefined {
    if (closed) return new StoreClosed();
    if (bound !== undefined && bound !== generation) return new SessionExpired();
    return signal?.aborted ? signal.reason : undefined;
  }

  function settle(): void {
    for (const waiter of waiters) {
      const error = refusal(waiter);
      if (error !== undefined || state === 'connected') waiter.settle(error);
    }
  }

  function wait(options: Wait): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => waiter.settle(options.signal?.reason);
      const waiter: Waiter = {
        ...options,
        settle(error) {
          waiters.delete(waiter);
          options.signal?.removeEventListener('abort', onAbort);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      waiters.add(waiter);
      options.signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  function move(next: SessionState): void {
    if (closed || next === state) return;
    state = next;
    if (next === 'expired') generation += 1;
    // A copy: who begins to listen while it is told has not asked for this one.
    for (const listener of Array.from(listeners)) listener(next);
    settle();
  }

  return {
    get state() {
      return state;
    },
    get generation() {
      return generation;
    },
    get closed() {
      return closed;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async ready(options = {}) {
      const error = refusal(options);
      if (error !== undefined) throw error;
      if (state !== 'connected') await wait(options);
    },
    move,
    close() {
      move('expired');
      closed = true;
      listeners.clear();
      settle();
    },
  };
}
