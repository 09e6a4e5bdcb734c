// What Redis' refusals mean. Most of them are no defects of ours: its memory is full, its disk is, it is a replica, it is being loaded.
import { ClassifiedError } from '../errors/classified-error.js';

const PASSING = new Set([
  ...['OOM', 'READONLY', 'MISCONF', 'NOREPLICAS', 'LOADING', 'BUSY', 'MASTERDOWN'],
  ...['CLUSTERDOWN', 'MOVED', 'ASK', 'TRYAGAIN'],
  ...['NOAUTH', 'WRONGPASS', 'NOPERM'],
]);

/** Whether Redis refused for a reason that lies with it: what was refused was not done, and may be sent again. A script's error names it inside. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return false;
  const code = /^(?:-?ERR Error running script.*?: -?)?([A-Z]+)\b/.exec(error.message)?.[1] ?? '';
  return PASSING.has(code);
}

/** Throws environment_error when Redis does not answer or refuses; whatever else it answers is a defect of ours. */
export function redisIsAway(error: unknown): never {
  if (error instanceof ClassifiedError) throw error;
  if (error instanceof Error && error.name === 'ReplyError' && !isRefusal(error)) throw error;
  throw new ClassifiedError(
    'environment_error',
    'the job queue does not answer; a submission that got this answer may or may not have been accepted: repeat it with the same Idempotency-Key',
    { cause: error },
  );
}
