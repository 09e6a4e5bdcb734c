// Why a running opcode is told to stop. The reason of the aborted signal decides what happens next.
import { setTimeout } from 'node:timers/promises';
import { LocksLost } from '../../src/cluster/fence.js';
import type { Place } from '../../src/cluster/job-locks.js';
import { LostJob } from '../../src/jobs/run.js';

/** A client cancelled the job: what was done is undone. */
export class Cancelled extends Error {}
/** This worker is going away: leave the job where it is, another worker goes on. */
export class HandOver extends Error {}

/** The job waits for a lock without a worker; it is put in line again when the entry at this place may hold. */
export class Parked extends Error {
  readonly place: Place;

  constructor(place: Place) {
    super(`waits for ${place.resource}`);
    this.place = place;
  }
}

/** Whether this worker must leave the opcode as it stands: nothing is undone and nothing is concluded. */
const LEAVING = [LostJob, HandOver, LocksLost, Parked];
export const isLeaving = (error: unknown): boolean => LEAVING.some((kind) => error instanceof kind);

/** Looks every `everyMs` until `look` says yes, or the time is over. Answers whether it did; throws when the signal aborts. */
export async function pollUntil(look: () => Promise<boolean>, everyMs: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await look()) return true;
    // Time may be over because this process stood still, and in the meantime the signal aborted.
    signal.throwIfAborted();
    const leftMs = end - performance.now();
    if (leftMs <= 0) return false;
    await setTimeout(Math.min(everyMs, leftMs), undefined, { signal });
  }
}
