// Tells a machine that stood still from a product that was slow: what is promised within a time is measured without the time in which a
// thread that does nothing but wait could not run either. What keeps the test's own thread busy is none of its business.
import { Worker } from 'node:worker_threads';

const TICK_MS = 20;
/** Coming later than this is no jitter. */
const LATE_MS = 80;
const MOST_STALLS = 10_000;

// The thread writes when each stall began and ended, and then how many there are. It ends when it is told to.
const WATCHING = `
  const { workerData: { times, state } } = require('node:worker_threads');
  let dueMs = Date.now() + ${TICK_MS};
  while (Atomics.wait(state, 1, 0, ${TICK_MS}) === 'timed-out') {
    const nowMs = Date.now();
    const index = Atomics.load(state, 0);
    if (nowMs - dueMs > ${LATE_MS} && index < ${MOST_STALLS}) {
      times[2 * index] = dueMs;
      times[2 * index + 1] = nowMs;
      Atomics.store(state, 0, index + 1);
    }
    dueMs = nowMs + ${TICK_MS};
  }
`;

export interface StallWatch {
  /** How much of that time (milliseconds since 1970) the machine stood still. */
  between(fromMs: number, toMs: number): number;
  stop(): void;
}

export function watchStalls(): StallWatch {
  const times = new Float64Array(new SharedArrayBuffer(2 * MOST_STALLS * Float64Array.BYTES_PER_ELEMENT));
  const state = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const thread = new Worker(WATCHING, { eval: true, workerData: { times, state } });
  thread.unref();
  return {
    between(fromMs, toMs) {
      let total = 0;
      for (let index = 0; index < Atomics.load(state, 0); index += 1) {
        total += Math.max(0, Math.min(times[2 * index + 1] ?? 0, toMs) - Math.max(times[2 * index] ?? 0, fromMs));
      }
      return total;
    },
    stop() {
      Atomics.store(state, 1, 1);
      Atomics.notify(state, 1);
    },
  };
}

/** How long that took, in milliseconds in which the machine did not stand still. */
export async function durationMs(work: () => Promise<unknown>): Promise<number> {
  const stalls = watchStalls();
  const begunMs = Date.now();
  try {
    await work();
    const endedMs = Date.now();
    return endedMs - begunMs - stalls.between(begunMs, endedMs);
  } finally {
    stalls.stop();
  }
}
