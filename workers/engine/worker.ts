// A worker: takes jobs from the queue and runs them, as many at a time as it may; those that wait for locks are parked and take no place.
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { consumeJobs, type Handled } from '../../src/jobs/queue.js';
import { keepLedger } from '../../src/jobs/reconcile.js';
import { queueId, type QueueEntry } from '../../src/jobs/scripts/enqueue.js';
import { announceWorker } from '../../src/cluster/worker-announcements.js';
import type { EngineParts } from './engine.js';
import { HandOver } from './interruption.js';
import { openParkingLot } from './parking.js';
import { runJob } from './run-job.js';

export interface WorkerSettings {
  /** Jobs that are taken at a time. */
  openJobs: number;
  /** Seconds for which ended jobs are kept. */
  keepS: number;
}

export interface Worker {
  /** Takes no more jobs and leaves those it has to other workers, at once; gives up on that after a while when Redis does not answer. */
  close(): Promise<void>;
}

/** As long as a container that is told to stop is given. The jobs of a worker that is gone without a word are taken up all the same. */
const MOST_CLOSING_MS = 10_000;

export function startWorker(engine: EngineParts, { openJobs, keepS }: WorkerSettings): Worker {
  const { redis, keys, store, locks, log } = engine;
  const lot = openParkingLot({ redis, keys, locks, log });
  const goingAway = new AbortController();
  // Every job that this worker has listens to it.
  setMaxListeners(0, goingAway.signal);
  const running = new Map<string, Promise<Handled>>();

  const handle = (place: QueueEntry): Promise<Handled> => {
    // The queue gives a place out again when this process was silent for too long; it is still being run here.
    const name = queueId(place);
    const known = running.get(name);
    if (known !== undefined) return known;
    const handling = runJob(engine, lot, place, goingAway.signal).finally(() => running.delete(name));
    running.set(name, handling);
    return handling;
  };
  const versions = [...engine.opcodes.values()].map(({ id, version }) => [id, version] as const);
  const announcing = announceWorker(store, {
    name: engine.worker,
    opcodes: Object.fromEntries(versions),
    started: new Date().toISOString(),
  });
  announcing.catch((error: unknown) => log.warn({ err: error }, 'the worker could not be announced'));
  const consumer = consumeJobs(redis, keys, openJobs, handle);

  const onError = (error: unknown) => log.debug({ err: error }, 'housekeeping');
  const keeper = keepLedger(redis, keys, { keepS, onError });

  return {
    async close() {
      void announcing.then((announced) => announced.withdraw()).catch(() => undefined);
      goingAway.abort(new HandOver('the worker is going away'));
      const giveUp = new AbortController();
      const closed = (async () => {
        await Promise.all([consumer.close(), keeper.close()]);
        await lot.close();
      })().finally(() => giveUp.abort());
      await Promise.race([closed, delay(MOST_CLOSING_MS, undefined, { signal: giveUp.signal }).catch(() => undefined)]);
    },
  };
}
