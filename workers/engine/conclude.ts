// How an opcode ends, whatever its end: first its children, then the record, and with it the job's end if this decides it.
import type { Run } from '../../src/jobs/run.js';
import type { OpcodeFate } from '../../src/jobs/record.js';
import { endChildren } from './child-jobs.js';
import type { EngineParts } from './engine.js';
import type { Journal } from './journal.js';
import { CANCELED, PRECEDING_FAILED, type Outcome } from './outcome.js';
import type { StopSignals } from './stop-signals.js';

export interface Ending {
  engine: EngineParts;
  run: Run;
  stops: StopSignals;
  journal: Journal;
  index: number;
}

/**
 * Cancels the children that have not ended and waits for them: nobody would look after them any more. Throws LostJob or HandOver when another
 * worker shall do it.
 */
export async function concludeOpcode(ending: Ending, outcome: Outcome): Promise<void> {
  const { run, stops, journal, index } = ending;
  await endChildren(ending, stops.leave);
  const last = index === run.spec.ops.length - 1;
  const rest = outcome.status === 'error' ? PRECEDING_FAILED : CANCELED;
  const fields: Record<string, unknown> = {};
  if (outcome.status !== 'success') {
    for (let later = index + 1; later < run.spec.ops.length; later++)
      fields[`op:${later}`] = { ...rest, progress: null, times: [null, null, null] } satisfies OpcodeFate;
  }
  const ends = last || outcome.status !== 'success';
  await journal.fate(
    { status: outcome.status, result: outcome.result },
    // Between two opcodes a job waits for the locks of the next.
    { status: ends ? outcome.status : 'waiting', fields },
  );
}
