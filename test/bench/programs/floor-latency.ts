// Floor of a job's latency: `queue.add` and `waitUntilFinished` beside a bare worker, all in one process.
import { Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { announce, argument } from './program.js';

export interface FloorLatencyArgument {
  redisUrl: string;
}

export interface FloorLatencyMethods {
  /** Runs so many jobs, one at a time; answers the milliseconds of each. */
  run(count: number): Promise<number[]>;
}

const NAME = 'floor-latency';
const { redisUrl } = argument<FloorLatencyArgument>();
const connect = () => new Redis(redisUrl, { maxRetriesPerRequest: null });
const queue = new Queue(NAME, { connection: connect() });
const events = new QueueEvents(NAME, { connection: connect() });
const worker = new Worker(NAME, async () => null, { connection: connect() });
await Promise.all([events.waitUntilReady(), worker.waitUntilReady()]);

announce(undefined, {
  async run(count) {
    const taken: number[] = [];
    for (let job = 0; job < count; job++) {
      const begunMs = performance.now();
      await (await queue.add('job', null)).waitUntilFinished(events);
      taken.push(performance.now() - begunMs);
    }
    return taken;
  },
} satisfies FloorLatencyMethods);
