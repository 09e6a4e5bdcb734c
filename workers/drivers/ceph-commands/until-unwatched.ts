// Waiting for Ceph to notice that a client is dead: until then what it had open cannot be removed.
import { setTimeout as pause } from 'node:timers/promises';

/** Ceph waits 30 s for a silent client (`osd_client_watch_timeout`). */
const AT_MOST_MS = 60_000;
const LOOK_MS = 1000;

/** Returns once nobody watches, or when it takes too long: then what is tried next fails and says why. Rejects with the signal's reason. */
export async function untilUnwatched(watched: () => Promise<boolean>, signal: AbortSignal | undefined): Promise<void> {
  for (let waitedMs = 0; waitedMs < AT_MOST_MS && (await watched()); waitedMs += LOOK_MS) {
    signal?.throwIfAborted();
    await pause(LOOK_MS);
  }
}
