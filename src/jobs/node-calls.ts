// Asking something of a node's agent: through the node's own queue, so that what is asked of a node that is away waits for that node and
// for no other. The call itself is a hash in Redis; the queue holds its ID.
import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { ClassifiedError } from '../errors/classified-error.js';
import type { Keys } from './keys.js';
import { openSubscription } from './subscription.js';
import { queueOf, valueIn, type NodeCall, type StoredCall } from './node-call.js';

export interface NodeCallOptions {
  /** How long the agent may take to begin the call, and how long it may then be silent. What lives and is at it is waited for. */
  timeoutMs: number;
  /** Takes back a call that was not begun: its reason is thrown. One that was begun is waited for. */
  signal?: AbortSignal | undefined;
  /** Told, with the answer, what the agent noted on the way. */
  onNote?: ((line: string) => void) | undefined;
}

export interface NodeCalls {
  /** The agent's answer, or its failure. environment_error: it did not begin the call, which now never happens; or it fell silent during it. */
  call(node: string, call: NodeCall, options: NodeCallOptions): Promise<unknown>;
  /** What is under way fails. */
  close(): Promise<void>;
}

interface Pending {
  id: string;
  node: string;
  method: string;
  timeoutMs: number;
  /** The agent's signs of life as last seen; null: not begun. */
  beats: string | null;
  /** For how long, while Redis answered, there was no new one. */
  silentMs: number;
  onNote: ((line: string) => void) | undefined;
  settle(conclude: () => unknown): void;
}

/** How often calls that take long are looked at, for an answer whose publication was lost and for an agent that is. */
const LOOK_MS = 1000;
/** How much time between two looks counts; more means that Redis, or this process, stood still. */
const MOST_COUNTED_MS = 2 * LOOK_MS;
/** How much longer than its caller waits a call is kept. */
const KEPT_LONGER_MS = 30_000;
/** What stands in a queue for so long has no caller any more: nobody waits so long. */
const LEFT_OVER_MS = 3_600_000;
const MOST_SWEPT = 1000;

/** `listener` is a connection of its own, which it closes at the end; `redis` may be shared. */
export async function openNodeCalls(redis: Redis, listener: Redis, keys: Keys): Promise<NodeCalls> {
  const channel = keys.answers(randomUUID());
  const queues = new Map<string, Queue>();
  const pending = new Map<string, Pending>();

  const queueTo = (node: string): Queue => {
    const known = queues.get(node);
    if (known !== undefined) return known;
    const queue = new Queue(queueOf(node), {
      connection: redis,
      prefix: keys.prefix,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
      // Nobody reads them.
      streams: { events: { maxLen: 10 } },
    });
    queue.on('error', () => undefined);
    queues.set(node, queue);
    return queue;
  };

  const send = async ({ id, node, timeoutMs }: Pending, call: NodeCall) => {
    const request = JSON.stringify({ ...call, timeoutMs } satisfies StoredCall);
    const keepMs = timeoutMs + KEPT_LONGER_MS;
    const key = keys.call(id);
    // Before it is in the queue: what is there without a hash was left by its caller.
    const stored = redis.multi().hset(key, { request, channel, keep_ms: keepMs }).pexpire(key, keepMs).exec();
    await Promise.all([stored, queueTo(node).add('call', null, { jobId: id })]);
  };

  /** Takes an answer; the call need not be kept any longer. */
  const hear = (id: string, answer: string) => {
    const call = pending.get(id);
    if (call === undefined) return;
    call.settle(() => valueIn(answer, call.onNote));
    void redis.del(keys.call(id)).catch(() => undefined);
  };

  const leave = async (call: Pending, onlyIfWaiting: boolean, refusal: (begun: boolean) => Error) => {
    const [state, answer] = await redis.rapidLeaveCall(keys.call(call.id), onlyIfWaiting ? 1 : 0);
    if (answer !== undefined) return hear(call.id, answer);
    if (state === 'begun' && onlyIfWaiting) return;
    call.settle(() => raise(refusal(state !== 'waiting')));
    const queue = queueTo(call.node);
    await queue.remove(call.id);
    // What callers have left behind that died: when many do, a node that never comes back must not fill Redis.
    await queue.clean(LEFT_OVER_MS, MOST_SWEPT, 'wait');
  };

  const giveUp = (call: Pending) =>
    leave(call, false, (begun) => {
      const within = `within ${call.timeoutMs / 1000} s`;
      const text = begun
        ? `the agent of node "${call.node}" began "${call.method}" and gave no sign of life ${within}: it may or may not have been done`
        : `the agent of node "${call.node}" did not take "${call.method}" ${within}: it was not done`;
      return new ClassifiedError('environment_error', text);
    });

  let lookedMs = performance.now();
  /** Only time in which Redis answered counts as silence: whoever could not be heard was not silent. */
  const look = async (calls: Pending[], elapsedMs: number) => {
    const pipeline = redis.pipeline();
    for (const { id } of calls) pipeline.hmget(keys.call(id), 'keep_ms', 'beats', 'answer');
    const replies = (await pipeline.exec()) ?? [];
    for (const [index, call] of calls.entries()) {
      const [kept, beats, answer] = (replies[index]?.[1] ?? []) as (string | null | undefined)[];
      if (answer != null) hear(call.id, answer);
      else if (kept === undefined) continue;
      else if (kept !== null && beats !== call.beats) Object.assign(call, { beats, silentMs: 0 });
      else if ((call.silentMs += elapsedMs) >= call.timeoutMs) await giveUp(call);
    }
  };
  let looking: Promise<void> | undefined;
  const lookAt = () => {
    const elapsedMs = Math.min(performance.now() - lookedMs, MOST_COUNTED_MS);
    if (looking !== undefined) return;
    lookedMs = performance.now();
    if (pending.size === 0) return;
    looking = look([...pending.values()], elapsedMs)
      .catch(() => undefined)
      .finally(() => (looking = undefined));
  };
  const timer = setInterval(lookAt, LOOK_MS);

  const subscription = await openSubscription(listener, keys, {
    message(_channel, message) {
      const space = message.indexOf(' ');
      hear(message.slice(0, space), message.slice(space + 1));
    },
    // Answers are kept, and looked for.
    missed: lookAt,
  });
  await subscription.add(channel);

  return {
    call: (node, request, { timeoutMs, signal, onNote }) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        const withdraw = () => void leave(call, true, () => signal?.reason as Error).catch(() => undefined);
        const call: Pending = {
          id: randomUUID(),
          node,
          method: request.method,
          timeoutMs,
          onNote,
          beats: null,
          // The next look adds the time since the last one.
          silentMs: Math.max(lookedMs - performance.now(), -MOST_COUNTED_MS),
          settle(conclude) {
            if (!pending.delete(call.id)) return;
            signal?.removeEventListener('abort', withdraw);
            try {
              resolve(conclude());
            } catch (error) {
              reject(error);
            }
          },
        };
        pending.set(call.id, call);
        signal?.addEventListener('abort', withdraw, { once: true });
        send(call, request).catch((cause: unknown) => {
          const error = new ClassifiedError('environment_error', `node "${node}" could not be asked to "${request.method}"`, { cause });
          void leave(call, false, () => error).catch(() => call.settle(() => raise(error)));
        });
      }),
    async close() {
      clearInterval(timer);
      subscription.close();
      const error = new ClassifiedError('environment_error', 'this process ends; what it asked of nodes may or may not be done');
      for (const call of [...pending.values()]) call.settle(() => raise(error));
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

function raise(error: Error): never {
  throw error;
}
