/** Bounded polling: the one place where the lab waits for something it cannot be told of. */
import { setTimeout as pause } from 'node:timers/promises';

export interface Patience {
  /** Give up after this many milliseconds. */
  readonly within?: number;
  /** Ask again after this many milliseconds. */
  readonly every?: number;
}

/**
 * Asks until the answer is neither `undefined` nor `false`, and returns it. A probe that throws ends the wait
 * at once: it has found out that waiting is of no use.
 */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { within = 15_000, every = 50 }: Patience = {},
): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() >= deadline) throw new Error(`gave up after ${within} ms waiting for ${what}`);
    await pause(every);
  }
}
