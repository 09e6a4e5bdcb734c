// What is told to somebody outside, or acted upon, must outlive the master: replicas have it before.
import { ClassifiedError } from '../errors/classified-error.js';
import type { Keys } from './keys.js';
import { replicasWanted, type Redis } from './redis.js';

/** How long replicas may take; meanwhile the connection does nothing else. */
const WAIT_MS = 250;

const next = new WeakMap<Redis, Promise<boolean>>();
const present = new WeakMap<Redis, Promise<unknown>>();

/** Whether as many replicas as wanted have all that this process had been answered when it asked. All who ask meanwhile share one question. */
function replicated(redis: Redis, keys: Keys): Promise<boolean> {
  const waiting = next.get(redis);
  if (waiting !== undefined) return waiting;
  const asking = (async () => {
    await present.get(redis)?.catch(() => undefined);
    next.delete(redis);
    const question = ask(redis, keys);
    present.set(redis, question);
    return await question;
  })();
  next.set(redis, asking);
  return asking;
}

async function ask(redis: Redis, keys: Keys): Promise<boolean> {
  let broken = false;
  const onClose = () => (broken = true);
  redis.once('close', onClose);
  try {
    // WAIT speaks of what was written on its own connection; the barrier is that, and stands after everything that was answered before.
    const [, answer] = (await redis.pipeline().rapidBarrier(keys.prefix).wait(replicasWanted(redis), WAIT_MS).exec()) ?? [];
    if (answer === undefined || answer[0] !== null) throw answer?.[0] ?? new Error('no reply from Redis');
    // Sent again on a new connection, it would speak of nothing.
    return !broken && Number(answer[1]) >= replicasWanted(redis);
  } finally {
    redis.off('close', onClose);
  }
}

/** For an answer to a client. Throws environment_error when replicas do not have what was written. */
export async function confirmed(redis: Redis, keys: Keys): Promise<void> {
  if (replicasWanted(redis) === 0 || (await replicated(redis, keys))) return;
  throw new ClassifiedError(
    'environment_error',
    'too few replicas of the job queue answer; what was asked may or may not have been accepted: repeat a submission with the same Idempotency-Key',
  );
}

/** For a worker: resolves when replicas have what was written, however long that takes. */
export async function confirmedPatiently(redis: Redis, keys: Keys): Promise<void> {
  if (replicasWanted(redis) === 0) return;
  while (!(await replicated(redis, keys)));
}
