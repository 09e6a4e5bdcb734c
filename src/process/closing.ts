// Ends what was started, last first, when the process is told to.
export interface Closing {
  /** Remembers how to end something that was started. */
  add(close: () => Promise<void> | void): void;
  /** Ends everything, once. */
  close(): Promise<void>;
}

export function createClosing(): Closing {
  const started: (() => Promise<void> | void)[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    for (const close of started.splice(0).reverse()) await close();
  };
  return {
    add: (close) => started.push(close),
    close: () => (closing ??= closeAll()),
  };
}

/** Longer than answers under way may take to end. What is left then is as after a crash, and that is survived. */
const CLOSING_MS = 15_000;

/**
 * Runs a process: `start` until it is up, then until a signal ends it. An error while it starts is told in one line and ends it with
 * exit code 1, as does an end that takes too long; a second signal ends it at once.
 */
export async function runProcess(start: (closing: Closing, signal: AbortSignal) => Promise<string>): Promise<void> {
  const closing = createClosing();
  const stopping = new AbortController();
  const stop = async () => {
    if (stopping.signal.aborted) process.exit(130);
    stopping.abort(new Error('told to stop'));
    setTimeout(() => {
      process.stderr.write('rapid could not end in good order, because something that it uses does not answer; it ends as after a crash\n');
      process.exit(1);
    }, CLOSING_MS).unref();
    await closing.close();
    process.exit(0);
  };
  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());
  try {
    const ready = await start(closing, stopping.signal);
    process.stdout.write(`${ready}\n`);
  } catch (error) {
    if (stopping.signal.aborted) return;
    process.stderr.write(`rapid can't start: ${error instanceof Error ? error.message : String(error)}\n`);
    await closing.close();
    process.exit(1);
  }
}
