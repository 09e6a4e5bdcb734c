// Jobs that wait for a lock hold no place of a worker. The process that parked a job watches who is before it, and puts the job in line again
// when its entry may hold. Should the process die, the lease of its parked jobs runs out, and they are put in line all the same.
import type { Logger } from 'pino';
import type { JobLocks, Place } from '../../src/cluster/job-locks.js';
import type { Keys } from '../../src/jobs/keys.js';
import { PARKING_LEASE_MS, renewParked, wakeJob } from '../../src/jobs/parking.js';
import type { Redis } from '../../src/jobs/redis.js';
import type { Run } from '../../src/jobs/run.js';

export interface ParkingLot {
  /** Sees to a job that stands parked in the ledger, with its entry at this place. */
  watch(run: Pick<Run, 'id' | 'epoch'>, place: Place): void;
  /** Puts all in line, for other workers to see to. */
  close(): Promise<void>;
}

interface ParkingParts {
  redis: Redis;
  keys: Keys;
  locks: JobLocks;
  log: Logger;
}

interface Watched {
  run: Pick<Run, 'id' | 'epoch'>;
  watching: AbortController;
}

export function openParkingLot({ redis, keys, locks, log }: ParkingParts): ParkingLot {
  const lot = new Map<number, Watched>();

  const forget = (parked: Watched | undefined) => {
    if (parked === undefined || lot.get(parked.run.id) !== parked) return;
    lot.delete(parked.run.id);
    parked.watching.abort(new Error('the job is not parked here any more'));
  };
  const attend = async (parked: Watched, place: Place) => {
    const { run, watching } = parked;
    try {
      await locks.untilFirst(place, watching.signal);
      await wakeJob(redis, keys, run.id);
    } catch (error) {
      if (!watching.signal.aborted) log.debug({ err: error, job: run.id }, 'a parked job is left to its lease');
    } finally {
      forget(parked);
    }
  };
  const renew = async () => {
    const runs = [...lot.values()].map(({ run }) => run);
    for (const id of await renewParked(redis, keys, runs)) {
      const parked = lot.get(id);
      // It may have come back since, as a later run.
      if (runs.some((run) => run === parked?.run)) forget(parked);
    }
  };
  let renewing = Promise.resolve();
  const timer = setInterval(() => {
    renewing = renewing.then(renew).catch((error: unknown) => log.debug({ err: error }, 'leases of parked jobs'));
  }, PARKING_LEASE_MS / 3);

  return {
    watch(run, place) {
      const parked = { run, watching: new AbortController() };
      forget(lot.get(run.id));
      lot.set(run.id, parked);
      void attend(parked, place);
    },
    async close() {
      clearInterval(timer);
      const all = [...lot.values()];
      all.forEach(forget);
      await Promise.all(all.map(({ run }) => wakeJob(redis, keys, run.id)));
    },
  };
}
