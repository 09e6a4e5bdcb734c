// A worker: takes jobs from the queue and runs them, as many at a time as it may; those that wait for locks hold up no others.
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { consumeJobs, openQueue, type Handled } from '../../src/jobs/queue.js';
import { forgetOld, requeueLost } from '../../src/jobs/reconcile.js';
import { sweepLocks } from '../../src/cluster/lock-list.js';
import type { EngineParts } from './engine.js';
import { HandOver } from './interruption.js';
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

const HOUSEKEEPING_MS = 5000;
const LOCK_SWEEP_MS = 60_000;
/** As long as a container that is told to stop is given. The jobs of a worker that is gone without a word are taken up all the same. */
const MOST_CLOSING_MS = 10_000;

export function startWorker(engine: EngineParts, { openJobs, keepS }: WorkerSettings): Worker {
  const { redis, keys, store, log } = engine;
  const goingAway = new AbortController();
  // Every job that this worker has listens to it.
  setMaxListeners(0, goingAway.signal);
  const queue = openQueue(redis, keys);
  const running = new Map<number, Promise<Handled>>();

  const handle = (id: number): Promise<Handled> => {
    // The queue gives a job out again when this process was silent for too long; it is still being run here.
    const known = running.get(id);
    if (known !== undefined) return known;
    const handling = runJob(engine, id, goingAway.signal).finally(() => running.delete(id));
    running.set(id, handling);
    return handling;
  };
  const consumer = consumeJobs(redis, keys, openJobs, handle);

  const keepHouse = async () => {
    await requeueLost(redis, keys, queue);
    await forgetOld(redis, keys, keepS);
  };
  const every = (ms: number, task: () => Promise<void>) =>
    setInterval(() => void task().catch((error: unknown) => log.debug({ err: error }, 'housekeeping')), ms);
  const housekeeping = [every(HOUSEKEEPING_MS, keepHouse), every(LOCK_SWEEP_MS, () => sweepLocks(store))];

  return {
    async close() {
      for (const timer of housekeeping) clearInterval(timer);
      goingAway.abort(new HandOver('the worker is going away'));
      const giveUp = new AbortController();
      const closed = (async () => {
        await consumer.close();
        await queue.close();
      })().finally(() => giveUp.abort());
      await Promise.race([closed, delay(MOST_CLOSING_MS, undefined, { signal: giveUp.signal }).catch(() => undefined)]);
    },
  };
}
