/** Bounded polling: the one place where the lab waits for something it cannot be told of. */
import { setTimeout as pause } from 'node:timers/promises';
import { slowness } from './patience.js';

export interface Waiting {
  /** Give up after this many milliseconds of a quiet machine. */
  readonly within?: number;
  /** Ask again after this many milliseconds. */
  readonly every?: number;
}

/**
 * Asks until the answer is neither `undefined` nor `false`, and returns it. A probe that throws ends the wait
 * at once: it has found out that waiting is of no use. The bound is no claim: a machine that is slow meanwhile is given more time.
 */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { within = 15_000, every = 50 }: Waiting = {},
): Promise<T> {
  let leftMs = within;
  let lookedAtMs = performance.now();
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    const nowMs = performance.now();
    leftMs -= (nowMs - lookedAtMs) / slowness();
    lookedAtMs = nowMs;
    if (leftMs <= 0) throw new Error(`gave up after ${within} ms (of a quiet machine) waiting for ${what}`);
    await pause(every);
  }
}
