// Ganeti's timestamps.
import type { Timestamp } from '../../schemas/job.js';

/** The present time. */
export function now(): Timestamp {
  const microseconds = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  return [Math.floor(microseconds / 1_000_000), microseconds % 1_000_000];
}

/** A timestamp in whole milliseconds since 1970. */
export const toMs = ([seconds, microseconds]: Timestamp): number => seconds * 1000 + Math.floor(microseconds / 1000);
