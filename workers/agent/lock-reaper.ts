// The primary frees the locks that nobody releases any more: those of jobs that have ended, or that the ledger does not know, because the
// worker died between the end and the release, or because the ledger was restored from an older time. Queues that nobody is in go too.
import type { Logger } from 'pino';
import { isFinal, type JobRecord } from '../../schemas/job.js';
import { sweepLocks } from '../../src/cluster/lock-list.js';
import { locksPath, resourceOf } from '../../src/cluster/lock-order.js';
import { ownerOf, type EntryOwner } from '../../src/cluster/lock-queue.js';
import { StoreConflict, type Store } from '../../src/cluster/store.js';
import type { JobDesk } from '../../src/jobs/job-desk.js';
import { bornOf } from '../../src/jobs/record.js';

/** Who has just ended is about to release its locks itself. */
const REAPED_AFTER_MS = 15_000;

interface ReaperParts {
  store: Store;
  desk: Pick<JobDesk, 'read'>;
  log: Logger;
  /** How long an entry must have been seen before it is asked after. */
  graceMs?: number;
}

export interface LockReaper {
  /** Looks when it is time to; else it does nothing. */
  look(): Promise<void>;
}

interface Seen {
  segment: string;
  path: string;
  owner: EntryOwner;
}

export function lockReaper({ store, desk, log, graceMs = REAPED_AFTER_MS }: ReaperParts): LockReaper {
  let seen = new Set<string>();
  let lookedAtMs = -Infinity;

  const entries = async (): Promise<Seen[]> =>
    (await sweepLocks(store)).flatMap(({ segment, names }) =>
      names.flatMap((name): Seen[] => {
        const owner = ownerOf(name);
        return owner === undefined ? [] : [{ segment, path: `${locksPath}/${segment}/${name}`, owner }];
      }),
    );

  const reap = async ({ segment, path, owner }: Seen, job: JobRecord | undefined): Promise<void> => {
    const state = stateOf(job, owner);
    if (state === undefined) return;
    const present = await store.get(path);
    if (present === undefined) return;
    try {
      await store.commit([{ kind: 'remove', path, version: present.version }]);
    } catch (error) {
      // Somebody has it after all; the next look tells.
      if (error instanceof StoreConflict) return;
      throw error;
    }
    log.warn({ job: owner.job, lock: resourceOf(segment) }, `a lock that was left behind is freed: ${state}`);
  };

  return {
    async look() {
      if (performance.now() - lookedAtMs < graceMs) return;
      lookedAtMs = performance.now();
      const present = await entries();
      const old = present.filter(({ path }) => seen.has(path));
      seen = new Set(present.map(({ path }) => path));
      const jobs = new Map<number, Promise<JobRecord | undefined>>();
      for (const { owner } of old) if (!jobs.has(owner.job)) jobs.set(owner.job, desk.read(owner.job));
      for (const entry of old) await reap(entry, await jobs.get(entry.owner.job));
    },
  };
}

/** Why the owner has no use for it any more; undefined when it may have. */
function stateOf(job: JobRecord | undefined, { op, born }: EntryOwner): string | undefined {
  if (job === undefined || bornOf(job.received_ts) !== born) return 'its job is not known';
  if (isFinal(job.status)) return 'its job has ended';
  const status = job.opstatus[op];
  return status !== undefined && isFinal(status) ? 'its opcode has ended' : undefined;
}
