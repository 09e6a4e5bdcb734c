// Ganeti's timestamps, and Redis' clock as a process knows it.
import type { Timestamp } from '../../schemas/job.js';

/** A timestamp in whole milliseconds since 1970. */
export const toMs = ([seconds, microseconds]: Timestamp): number => seconds * 1000 + Math.floor(microseconds / 1000);

export interface RedisClock {
  now(): Timestamp;
  /** What Redis' clock says, just heard. */
  set(seconds: string, microseconds: string): void;
}

/** Goes on from what was last heard of Redis' clock, so that what one process dates agrees with what the others and the scripts date. */
export function redisClock(seconds: string, microseconds: string): RedisClock {
  let [heardUs, atMs, lastUs] = [0, 0, 0];
  const clock: RedisClock = {
    now() {
      // An answer that took longer than the one before it would set it back a little.
      const us = Math.max(lastUs, heardUs + Math.floor((performance.now() - atMs) * 1000));
      lastUs = us;
      return [Math.floor(us / 1_000_000), us % 1_000_000];
    },
    set(s, us) {
      [heardUs, atMs] = [Number(s) * 1_000_000 + Number(us), performance.now()];
    },
  };
  clock.set(seconds, microseconds);
  return clock;
}
