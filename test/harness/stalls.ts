// Tells a machine that stood still from a product that was slow: what is promised within a time is measured without the time in which this
// process, which only waits, could not run either.
const TICK_MS = 20;
/** Coming later than this is no jitter. */
const LATE_MS = 80;

export interface StallWatch {
  /** How much of that time (milliseconds since 1970) the machine stood still. */
  between(fromMs: number, toMs: number): number;
  stop(): void;
}

export function watchStalls(): StallWatch {
  const stalls: { fromMs: number; toMs: number }[] = [];
  let dueMs = Date.now() + TICK_MS;
  const timer = setInterval(() => {
    const nowMs = Date.now();
    if (nowMs - dueMs > LATE_MS) stalls.push({ fromMs: dueMs, toMs: nowMs });
    dueMs = nowMs + TICK_MS;
  }, TICK_MS);
  return {
    between: (fromMs, toMs) =>
      stalls.reduce((total, stall) => total + Math.max(0, Math.min(stall.toMs, toMs) - Math.max(stall.fromMs, fromMs)), 0),
    stop: () => clearInterval(timer),
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
