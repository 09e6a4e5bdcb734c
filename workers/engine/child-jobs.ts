// The jobs that an opcode submits as parts of its own work: submitted once whoever runs it, waited for, and ended with it when it is undone.
import { isFinal, type JobRecord, type Opcode } from '../../schemas/job.js';
import { admit } from '../../src/admission/admit.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { requestCancel } from '../../src/jobs/cancel.js';
import { hasEnded, readRecords } from '../../src/jobs/record.js';
import type { Run } from '../../src/jobs/run.js';
import { lookUntil } from '../../src/jobs/wait.js';
import { mayBeEnd } from '../../src/jobs/watch.js';
import type { EngineParts } from './engine.js';

/** The opcode that is the parent. */
interface Parent {
  engine: EngineParts;
  run: Run;
  index: number;
}

/** A day; then it looks once more. */
const LOOK_AGAIN_MS = 86_400_000;

/**
 * The record of the child at its end. Throws the signal's reason; the child is not cancelled then, because another worker may go on waiting
 * for it: `endChildren` does that.
 */
export async function runChild({ engine, run, index }: Parent, key: string, op: Opcode, signal: AbortSignal): Promise<JobRecord> {
  // Children have a queue of their own so that those who wait for them cannot take their places; theirs would need another.
  if (run.spec.parent !== null) throw new ClassifiedError('internal_error', 'a job that was submitted by another one submits none');
  signal.throwIfAborted();
  const { user, reason } = run.spec;
  const child = await run.submitChild(index, key, {
    ops: admit([op]),
    user,
    reason: reason ?? `job ${run.id}`,
    priority: run.priority,
    depends: [],
    dryRun: false,
  });
  return await endOf(engine, child, signal);
}

/** Cancels the children of the opcode that have not ended, and waits for their ends. */
export async function endChildren({ engine, run, index }: Parent, signal: AbortSignal): Promise<void> {
  const { redis, keys, keepCount } = engine;
  await run.childrenSubmitted();
  const end = async (child: number) => {
    const found = await requestCancel(redis, keys, keepCount, child);
    if (found === undefined || found === 'queued' || isFinal(found)) return;
    await endOf(engine, child, signal).catch((error: unknown) => {
      if (!(error instanceof Forgotten)) throw error;
    });
  };
  await Promise.all([...run.children(index).values()].map(end));
}

/** Only what has ended is forgotten. */
class Forgotten extends ClassifiedError {
  constructor(job: number) {
    super('environment_error', `job ${job} has ended, but how is not on record any more`);
  }
}

async function endOf({ redis, keys, watch }: EngineParts, job: number, signal: AbortSignal): Promise<JobRecord> {
  const look = async () => {
    const [record] = await readRecords(redis, keys, [job]);
    if (record === undefined) throw new Forgotten(job);
    return hasEnded(record) ? record : undefined;
  };
  for (;;) {
    const ended = await lookUntil(watch, job, look, { timeoutMs: LOOK_AGAIN_MS, signal, matters: mayBeEnd });
    if (ended !== undefined) return ended;
    signal.throwIfAborted();
  }
}
