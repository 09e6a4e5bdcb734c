// Looks after what the ledger needs done from time to time: what is due stands in BullMQ's queue, parked jobs whose process died go on, and
// ended jobs that are too old are forgotten. One process does it at a time; when it dies, another one takes over.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Keys } from './keys.js';

export interface LedgerKeeper {
  /** Resolves when what was under way is done. */
  close(): Promise<void>;
}

export interface KeeperOptions {
  /** Seconds for which ended jobs are kept. */
  keepS: number;
  /** Between two rounds. */
  everyMs?: number;
  onError(error: unknown): void;
}

const EVERY_MS = 2000;
/** How many rounds may fail before another process takes over. */
const LEASE_ROUNDS = 3;
/** So that no script holds Redis up: a part takes some milliseconds. */
const MOST_IN_A_PART = 1000;
const MOST_FORGOTTEN = 500;

/** Does it now and then until it is closed, each round after the one before. */
export function keepLedger(redis: Redis, keys: Keys, { keepS, everyMs = EVERY_MS, onError }: KeeperOptions): LedgerKeeper {
  const who = randomUUID();
  const closing = new AbortController();
  const round = async () => {
    if (await reconcile(redis, keys, who, LEASE_ROUNDS * everyMs)) await forgetOld(redis, keys, keepS);
  };
  const keeping = (async () => {
    while (!closing.signal.aborted) {
      await round().catch(onError);
      await delay(everyMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  })();
  return {
    async close() {
      closing.abort();
      await keeping;
    },
  };
}

/** One round over all that is due; answers false when another process does it. */
async function reconcile(redis: Redis, keys: Keys, who: string, leaseMs: number): Promise<boolean> {
  let after = 0;
  do {
    const last = await redis.rapidReconcile(keys.prefix, who, leaseMs, after, MOST_IN_A_PART);
    if (last === null) return false;
    after = last;
  } while (after > 0);
  return true;
}

/** Forgets jobs that ended more than `keepS` seconds ago; answers how many. */
export async function forgetOld(redis: Redis, keys: Keys, keepS: number): Promise<number> {
  return await redis.rapidSweep(keys.prefix, keepS * 1000, MOST_FORGOTTEN);
}
