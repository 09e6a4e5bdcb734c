// A look that costs much, shared by all who want it at about the same time. Nobody is given what was begun before they asked: who asks while
// one is under way gets the next one.
import type { CallContext } from '../drivers/call-context.js';

export type SharedLook<T> = (context: CallContext) => Promise<T>;

type Said = NonNullable<CallContext['onStderr']>;

interface Round<T> {
  result: Promise<T>;
  /** Everybody hears what the command says. */
  listeners: Set<Said>;
}

/** Who waits is let go when its signal aborts; the look itself ends in its own time. */
export function shareLook<T>(look: (onStderr: Said) => Promise<T>): SharedLook<T> {
  let running: Round<T> | undefined;
  let next: Round<T> | undefined;

  function begin(round: Round<T>): Promise<T> {
    running = round;
    next = undefined;
    return look((line) => {
      for (const listener of round.listeners) listener(line);
    }).finally(() => {
      if (running === round) running = undefined;
    });
  }
  function roundToJoin(): Round<T> {
    if (next !== undefined) return next;
    const before = running?.result.catch(() => undefined) ?? Promise.resolve();
    const round: Round<T> = { listeners: new Set(), result: before.then(() => begin(round)) };
    // Those who wait for it hear of it; perhaps nobody does any more.
    round.result.catch(() => undefined);
    next = round;
    return round;
  }

  return async ({ signal, onStderr }) => {
    signal?.throwIfAborted();
    const { result, listeners } = roundToJoin();
    if (onStderr !== undefined) listeners.add(onStderr);
    let stop = () => {};
    const aborted = new Promise<never>((_resolve, reject) => {
      stop = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([result, aborted]);
    } finally {
      signal?.removeEventListener('abort', stop);
      if (onStderr !== undefined) listeners.delete(onStderr);
    }
  };
}
