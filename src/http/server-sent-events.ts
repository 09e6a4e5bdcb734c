// Events as a `text/event-stream` body, kept alive while nothing happens.

export interface ServerSentEvent {
  id: number;
  event: string;
  /** JSON. */
  data: unknown;
}

const HEARTBEAT_MS = 15_000;
// A comment; clients ignore it. The first one sends the headers on their way.
const HEARTBEAT = ':\n\n';

const frame = ({ id, event, data }: ServerSentEvent): string => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** Resolves after that time; `stop` takes the timer away. */
function timer(ms: number): { over: Promise<undefined>; stop: () => void } {
  let handle: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    handle = setTimeout(() => resolve(undefined), ms);
  });
  return { over, stop: () => clearTimeout(handle) };
}

/** The events as text, with a comment whenever nothing came for `heartbeatMs`. Ends with the events. */
export async function* eventStream(events: AsyncIterable<ServerSentEvent>, heartbeatMs = HEARTBEAT_MS): AsyncGenerator<string> {
  yield HEARTBEAT;
  const iterator = events[Symbol.asyncIterator]();
  const advance = () => {
    const result = iterator.next();
    // It may fail while the client is slow and nobody looks at it yet; it is looked at in the next round.
    result.catch(() => {});
    return result;
  };
  try {
    let next = advance();
    for (;;) {
      const pause = timer(heartbeatMs);
      const result = await Promise.race([next, pause.over]).finally(pause.stop);
      if (result?.done) return;
      if (result !== undefined) next = advance();
      yield result === undefined ? HEARTBEAT : frame(result.value);
    }
  } finally {
    await iterator.return?.();
  }
}
