// Parked jobs wait for their turn without a worker's place (run.ts parks them). Whoever parked one renews its lease and wakes it.
import type { Redis } from 'ioredis';
import type { Keys } from './keys.js';
import type { Run } from './run.js';

/** For how long a parked job is left alone without a sign of life of who parked it: reconciliation then wakes it. */
export const PARKING_LEASE_MS = 15_000;

/**
 * Extends the leases of parked jobs, all in one command; to be called well within each PARKING_LEASE_MS. Answers the IDs of those that are
 * not parked by that runner any more: woken, cancelled, or taken by another worker.
 */
export async function renewParked(redis: Redis, keys: Keys, runs: readonly Pick<Run, 'id' | 'epoch'>[]): Promise<number[]> {
  if (runs.length === 0) return [];
  return await redis.rapidRenew(keys.prefix, PARKING_LEASE_MS, ...runs.flatMap(({ id, epoch }) => [id, epoch]));
}

/** Puts a parked job in line; answers whether it was parked. */
export async function wakeJob(redis: Redis, keys: Keys, id: number): Promise<boolean> {
  return (await redis.rapidWake(keys.prefix, id)) === 1;
}
