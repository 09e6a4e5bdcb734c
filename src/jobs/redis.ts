// Connections to Redis, with rapid's scripts as commands. Two kinds, because a lost answer means different things to them.
export type { Redis } from 'ioredis';
import { Redis, type RedisOptions, type Result } from 'ioredis';
import { cancelScript } from './scripts/cancel.js';
import { claimScript } from './scripts/claim.js';
import { answerCallScript, leaveCallScript, takeCallScript, workOnCallScript } from './scripts/node-call.js';
import { renewScript, wakeScript } from './scripts/park.js';
import { reconcileScript } from './scripts/reconcile.js';
import { submitScript } from './scripts/submit.js';
import { sweepScript } from './scripts/sweep.js';
import { writeScript } from './scripts/write.js';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    rapidSubmit(...args: (string | number)[]): Result<[outcome: string, id: number], Context>;
    rapidClaim(
      ...args: (string | number)[]
    ): Result<[wasParked: number, seconds: string, microseconds: string, record: string[]] | null, Context>;
    rapidWrite(...args: (string | number)[]): Result<[seconds: string, microseconds: string] | null, Context>;
    rapidWake(...args: (string | number)[]): Result<number, Context>;
    rapidRenew(...args: (string | number)[]): Result<number[], Context>;
    rapidReconcile(...args: (string | number)[]): Result<number | null, Context>;
    rapidCancel(...args: (string | number)[]): Result<string | null, Context>;
    rapidSweep(...args: (string | number)[]): Result<number, Context>;
    rapidTakeCall(...args: (string | number)[]): Result<string | null, Context>;
    rapidWorkOnCall(...args: (string | number)[]): Result<number, Context>;
    rapidAnswerCall(...args: (string | number)[]): Result<number, Context>;
    rapidLeaveCall(...args: (string | number)[]): Result<[state: string, answer?: string], Context>;
  }
}

const scripts: RedisOptions['scripts'] = {
  rapidSubmit: { lua: submitScript, numberOfKeys: 1 },
  rapidClaim: { lua: claimScript, numberOfKeys: 1 },
  rapidWrite: { lua: writeScript, numberOfKeys: 1 },
  rapidWake: { lua: wakeScript, numberOfKeys: 1 },
  rapidRenew: { lua: renewScript, numberOfKeys: 1 },
  rapidReconcile: { lua: reconcileScript, numberOfKeys: 1 },
  rapidCancel: { lua: cancelScript, numberOfKeys: 1 },
  rapidSweep: { lua: sweepScript, numberOfKeys: 1, readOnly: false },
  rapidTakeCall: { lua: takeCallScript, numberOfKeys: 1 },
  rapidWorkOnCall: { lua: workOnCallScript, numberOfKeys: 1 },
  rapidAnswerCall: { lua: answerCallScript, numberOfKeys: 1 },
  rapidLeaveCall: { lua: leaveCallScript, numberOfKeys: 1 },
};

const RETRY_MS = 500;
/** Longer than any answer takes: BullMQ lets a command wait up to 10 s for something to do. */
const SILENT_MS = 15_000;

/**
 * For requests of clients: a call fails when the connection breaks under it, because a submission must not be sent a second time by
 * itself, and a client rather hears 503 than nothing.
 */
export function connectForRequests(url: string): Redis {
  return guard(
    new Redis(url, {
      scripts,
      retryStrategy: () => RETRY_MS,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 2,
      commandTimeout: 10_000,
    }),
  );
}

/** For workers and listeners: a call waits until Redis is back. All that they send is repeatable. */
export function connectPatiently(url: string): Redis {
  return guard(new Redis(url, { scripts, retryStrategy: () => RETRY_MS, maxRetriesPerRequest: null }));
}

/**
 * For agents: patient too. And a connection that is dead without a word, as when a node's cable was pulled, is made anew, sooner than TCP
 * would try it again.
 */
export function connectFromNode(url: string): Redis {
  return guard(new Redis(url, { scripts, retryStrategy: () => RETRY_MS, maxRetriesPerRequest: null, socketTimeout: SILENT_MS }));
}

/** Without a listener a broken connection would end the process; ioredis reconnects by itself, and calls report what matters. */
function guard(redis: Redis): Redis {
  redis.on('error', () => undefined);
  return redis;
}
