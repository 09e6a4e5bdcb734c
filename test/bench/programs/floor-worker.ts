// Floor of running jobs: a bare BullMQ worker that does nothing.
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { announce, argument } from './program.js';

export interface FloorWorkerArgument {
  redisUrl: string;
  name: string;
  concurrency: number;
}

export interface FloorWorkerMethods {
  /** Resolves when so many more jobs have ended, with the time of the last end (milliseconds since 1970). */
  ended(count: number): Promise<number>;
}

const { redisUrl, name, concurrency } = argument<FloorWorkerArgument>();
const worker = new Worker(name, async () => null, { connection: new Redis(redisUrl, { maxRetriesPerRequest: null }), concurrency });
await worker.waitUntilReady();

announce(undefined, {
  ended: (count) =>
    new Promise((resolve) => {
      let left = count;
      const onCompleted = () => {
        if (--left > 0) return;
        worker.off('completed', onCompleted);
        resolve(performance.timeOrigin + performance.now());
      };
      worker.on('completed', onCompleted);
    }),
} satisfies FloorWorkerMethods);
