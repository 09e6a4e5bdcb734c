// rapid's scripts as commands of a connection.
import type { RedisOptions, Result } from 'ioredis';
import { barrierScript } from './barrier.js';
import { cancelScript } from './cancel.js';
import { claimScript } from './claim.js';
import { answerCallScript, leaveCallScript, takeCallScript, workOnCallScript } from './node-call.js';
import { renewScript, wakeScript } from './park.js';
import { reconcileScript } from './reconcile.js';
import { submitScript } from './submit.js';
import { sweepScript } from './sweep.js';
import { writeScript } from './write.js';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    rapidSubmit(...args: (string | number)[]): Result<[outcome: string, message: string, ...ids: number[]], Context>;
    rapidClaim(...args: (string | number)[]): Result<[seconds: string, microseconds: string, record: string[]] | null, Context>;
    rapidWrite(...args: (string | number)[]): Result<[seconds: string, microseconds: string] | null, Context>;
    rapidWake(...args: (string | number)[]): Result<number, Context>;
    rapidRenew(...args: (string | number)[]): Result<number[], Context>;
    rapidReconcile(...args: (string | number)[]): Result<number | null, Context>;
    rapidBarrier(...args: (string | number)[]): Result<number, Context>;
    rapidCancel(...args: (string | number)[]): Result<string | null, Context>;
    rapidSweep(...args: (string | number)[]): Result<number, Context>;
    rapidTakeCall(...args: (string | number)[]): Result<string | null, Context>;
    rapidWorkOnCall(...args: (string | number)[]): Result<number, Context>;
    rapidAnswerCall(...args: (string | number)[]): Result<number, Context>;
    rapidLeaveCall(...args: (string | number)[]): Result<[state: string, answer?: string], Context>;
  }
}

const withOneKey = (lua: string) => ({ lua, numberOfKeys: 1, readOnly: false });

export const scripts: NonNullable<RedisOptions['scripts']> = {
  rapidSubmit: withOneKey(submitScript),
  rapidClaim: withOneKey(claimScript),
  rapidWrite: withOneKey(writeScript),
  rapidWake: withOneKey(wakeScript),
  rapidRenew: withOneKey(renewScript),
  rapidReconcile: withOneKey(reconcileScript),
  rapidBarrier: withOneKey(barrierScript),
  rapidCancel: withOneKey(cancelScript),
  rapidSweep: withOneKey(sweepScript),
  rapidTakeCall: withOneKey(takeCallScript),
  rapidWorkOnCall: withOneKey(workOnCallScript),
  rapidAnswerCall: withOneKey(answerCallScript),
  rapidLeaveCall: withOneKey(leaveCallScript),
};
