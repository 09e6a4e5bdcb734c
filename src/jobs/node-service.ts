// The agent's side of the calls to its node: takes them from the node's queue, does them, and answers. A call that it took and did not
// answer, because it died, is given to it again when it is back, if its caller still waits: so what it does must be repeatable.
import { setTimeout as delay } from 'node:timers/promises';
import { Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { classify, type ClassifiedError } from '../errors/classified-error.js';
import type { Keys } from './keys.js';
import { answerWith, queueOf, refuseWith, type NodeCall, type StoredCall } from './node-call.js';
import { GIVING_OUT_AGAIN } from './queue.js';

export interface CallContext {
  /** How long its caller waits for a sign of life. */
  timeoutMs: number;
  /** Aborted when nobody waits for it any more; found out some time later. */
  left: AbortSignal;
  /** A line for who asked; the last ones of a call are handed over with its answer. */
  note(line: string): void;
}

/** Does what is asked; its value is plain JSON. */
export type CallHandler = (call: NodeCall, context: CallContext) => Promise<unknown>;

export interface NodeServiceOptions {
  node: string;
  handle: CallHandler;
  /** Told of each failure, with what lies under it. */
  onFailure(error: ClassifiedError, call: NodeCall): void;
}

export interface NodeService {
  /** Takes no more calls. Those under way have a moment to end; then they are left as after a crash. */
  close(): Promise<void>;
}

/** Calls that are under way at a time. Many, for a migration and those who watch it go the same way. */
const OPEN_CALLS = 50;
/** Signs of life are given so many times within the time that the caller waits for one. */
const BEATS = 4;
const MOST_CLOSING_MS = 3000;
const MOST_NOTES = 50;

export function serveNodeCalls(redis: Redis, keys: Keys, { node, handle, onFailure }: NodeServiceOptions): NodeService {
  const open = new Map<string, Promise<void>>();

  const answerTo = async (call: StoredCall, left: AbortSignal): Promise<string> => {
    const notes: string[] = [];
    const note = (line: string) => {
      notes.push(line);
      if (notes.length > MOST_NOTES) notes.shift();
    };
    try {
      return answerWith(await handle(call, { timeoutMs: call.timeoutMs, left, note }), notes);
    } catch (thrown) {
      const error = classify(thrown);
      onFailure(error, call);
      return refuseWith(error, notes);
    }
  };

  const serve = async (id: string) => {
    const key = keys.call(id);
    const request = await redis.rapidTakeCall(key, id);
    if (request === null) return;
    const call = JSON.parse(request) as StoredCall;
    const left = new AbortController();
    const beat = async () => {
      if ((await redis.rapidWorkOnCall(key)) === 0) left.abort(new Error('nobody waits for this call any more'));
    };
    const beating = setInterval(() => void beat().catch(() => undefined), call.timeoutMs / BEATS);
    try {
      await redis.rapidAnswerCall(key, id, await answerTo(call, left.signal));
    } finally {
      clearInterval(beating);
    }
  };

  const begun = new WeakMap<Job, Promise<void>>();
  const begin = (job: Job): Promise<void> => {
    const { id = '' } = job;
    // One that is given out again because this process was silent for too long is still being done here.
    const known = begun.get(job) ?? open.get(id);
    const serving = known ?? serve(id).finally(() => open.delete(id));
    if (known === undefined) open.set(id, serving);
    begun.set(job, serving);
    return serving;
  };
  const worker = new Worker(queueOf(node), begin, {
    connection: redis,
    prefix: keys.prefix,
    concurrency: OPEN_CALLS,
    ...GIVING_OUT_AGAIN,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  // Lost locks and lost connections: the hash decides what is done, and BullMQ goes on by itself.
  worker.on('error', () => undefined);
  // BullMQ asks Redis for one more call before it hands out the one that it has got: a round trip that no call needs to wait for.
  worker.on('active', (job) => void begin(job).catch(() => undefined));

  return {
    async close() {
      await worker.pause(true);
      await forAMoment(Promise.allSettled(open.values()));
      // While Redis is away, this would wait for it.
      await forAMoment(worker.close(open.size > 0));
    },
  };
}

async function forAMoment(work: Promise<unknown>): Promise<void> {
  await Promise.race([work, delay(MOST_CLOSING_MS, undefined, { ref: false })]);
}
