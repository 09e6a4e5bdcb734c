// A guest's pulse: it counts once a second on its console, and here is noted when each number was seen.
import { setInterval } from 'node:timers/promises';
import type { RealGuest } from './real-guest.js';

const LOOK_MS = 50;

export interface Pulse {
  /** Ends the watch, and answers the longest time in milliseconds for which no new number came. */
  stop(): Promise<number>;
}

export function pulseOf(guest: RealGuest): Pulse {
  const seen: { count: number; atMs: number }[] = [];
  const stopping = new AbortController();
  const watching = (async () => {
    for await (const _ of setInterval(LOOK_MS, undefined, { signal: stopping.signal })) {
      const count = await guest.count();
      if (count > (seen.at(-1)?.count ?? -1)) seen.push({ count, atMs: performance.now() });
    }
  })().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    async stop() {
      stopping.abort();
      await watching;
      const pauses = seen.slice(1).map(({ atMs }, index) => atMs - (seen[index]?.atMs ?? 0));
      return Math.round(Math.max(0, ...pauses));
    },
  };
}
