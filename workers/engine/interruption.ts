// Why a running opcode is told to stop. The reason of the aborted signal decides what happens next.
import { LostJob } from '../../src/jobs/run.js';

/** A client cancelled the job: what was done is undone. */
export class Cancelled extends Error {}
/** The locks are gone with the session: stop before the next step, take them again, go on. */
export class LocksLost extends Error {}
/** This worker is going away: leave the job where it is, another worker goes on. */
export class HandOver extends Error {}

/** Whether this worker must leave the opcode as it stands: nothing is undone and nothing is concluded. */
export const isLeaving = (error: unknown): boolean => error instanceof LostJob || error instanceof HandOver || error instanceof LocksLost;

/** Waits, unless the signal aborts first; then throws its reason. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** Looks every `everyMs` until `look` says yes, or the time is over. Answers whether it did; throws the signal's reason. */
export async function pollUntil(look: () => Promise<boolean>, everyMs: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await look()) return true;
    // Time may be over because this process stood still, and in the meantime the signal aborted.
    signal.throwIfAborted();
    const leftMs = end - performance.now();
    if (leftMs <= 0) return false;
    await pause(Math.min(everyMs, leftMs), signal);
  }
}
