// Tells those who wait for something on behalf of a client that the client has gone, or that the server closes.
import type { ServerResponse } from 'node:http';

export interface RequestSignals {
  /** Aborts when the answer's connection closes, and when `abortAll` is called. */
  of(response: ServerResponse): AbortSignal;
  abortAll(): void;
}

export function requestSignals(): RequestSignals {
  const open = new Set<AbortController>();
  let closing = false;
  return {
    of(response) {
      const controller = new AbortController();
      if (closing || response.closed) {
        controller.abort();
        return controller.signal;
      }
      open.add(controller);
      response.once('close', () => {
        open.delete(controller);
        controller.abort();
      });
      return controller.signal;
    },
    abortAll() {
      closing = true;
      for (const controller of open) controller.abort();
    },
  };
}
