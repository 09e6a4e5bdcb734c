// Bare BullMQ's other end of throughput: puts jobs into a queue, and holds any queue back until it is full.
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { announce, argument } from './program.js';

export interface FloorProducerArgument {
  redisUrl: string;
  name: string;
  prefix: string;
}

export interface FloorProducerMethods {
  /** Adds so many jobs, all in flight at once. */
  add(count: number): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
}

const { redisUrl, name, prefix } = argument<FloorProducerArgument>();
const queue = new Queue(name, {
  connection: new Redis(redisUrl, { maxRetriesPerRequest: null }),
  prefix,
  defaultJobOptions: { removeOnComplete: true },
});
await queue.waitUntilReady();

announce(undefined, {
  async add(count) {
    await Promise.all(Array.from({ length: count }, () => queue.add('job', null)));
  },
  pause: () => queue.pause(),
  resume: () => queue.resume(),
} satisfies FloorProducerMethods);
