// What a running opcode writes into its job: status, steps, log. Small things are gathered and go out with the next write, or a moment later.
import { isFinal, type JobStatus, type Progress, type Timestamp } from '../../schemas/job.js';
import type { JobEvent } from '../../src/jobs/job-desk.js';
import type { OpcodeFate, StoredEvent } from '../../src/jobs/record.js';
import { LostJob, type Change, type Run } from '../../src/jobs/run.js';

/** A longer message is cut; a log is for reading. */
const MOST_CHARACTERS = 4096;
const PROGRESS_EVERY_MS = 400;

type StepPhase = Extract<JobEvent, { type: 'step' }>['phase'];

/** Not through the middle of a character. */
const cut = (message: string): string => message.slice(0, MOST_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '');

export interface Journal {
  log(message: string): void;
  step(name: string, phase: StepPhase): void;
  /** The opcode's own status, result and progress; `jobStatus` when the job's changes with it. */
  fate(fate: { status: JobStatus; result?: unknown; progress?: Progress | null }, change?: Change): Promise<void>;
  /** Tells how far the present step is; most of the calls are dropped. */
  progress(fraction: number, figures?: Record<string, number>): void;
  write(change: Change): Promise<void>;
  /** The job waits without a worker from now on; nothing is written after this. */
  park(fields: Record<string, unknown>): Promise<void>;
}

export function openJournal(run: Run, opcode: number): Journal {
  let events: StoredEvent[] = [];
  let { status, result, progress, times } = run.fate(opcode);
  times = [times[0] ?? run.now(), times[1], times[2]];
  let progressAt = 0;
  let flushing: NodeJS.Immediate | undefined;

  const send = async ({ status: jobStatus, fields = {}, events: more = [] }: Change, how: (change: Change) => Promise<void>) => {
    clearImmediate(flushing);
    flushing = undefined;
    const gathered = events;
    const all = [...gathered, ...more];
    events = [];
    const length = run.logLength;
    try {
      await how({
        fields: { ...fields, ...(all.some((event) => event.type === 'log') ? { log_length: length } : {}) },
        events: all,
        ...(jobStatus === undefined ? {} : { status: jobStatus }),
      });
    } catch (error) {
      // Refused, as by a Redis without memory: it goes out with the next write, so that no serial is skipped.
      if (!(error instanceof LostJob)) events = [...gathered, ...events];
      throw error;
    }
  };
  const write = (change: Change) => send(change, run.write);
  /** A write that nobody waits for: if the job is lost, the next one that is waited for says so. */
  const soon = (change: Change = {}) => void write(change).catch(() => undefined);
  const add = (event: StoredEvent) => {
    events.push(event);
    flushing ??= setImmediate(soon);
  };

  return {
    write,
    async park(fields) {
      // Since when it waits is kept for the runners to come.
      const fate = { status: 'waiting', result: null, progress: null, times } satisfies OpcodeFate;
      await send({ fields: { ...fields, [`op:${opcode}`]: fate } }, run.park);
    },
    log(message) {
      const at: Timestamp = run.now();
      run.logLength += 1;
      add({ type: 'log', at, opcode, entry: [run.logLength, at, 'message', cut(message)] });
    },
    step: (name, phase) => add({ type: 'step', at: run.now(), opcode, step: name, phase }),
    async fate(next, change = {}) {
      const changed = next.status !== status;
      ({ status, result, progress } = { result, progress, ...next });
      if (status === 'running') times[1] ??= run.now();
      if (isFinal(status)) times[2] = run.now();
      const told: StoredEvent[] = changed ? [{ type: 'opcode', at: run.now(), opcode, status }] : [];
      await write({
        ...change,
        fields: { ...change.fields, [`op:${opcode}`]: { status, result, progress, times } },
        events: [...told, ...(change.events ?? [])],
      });
    },
    progress(fraction, figures) {
      if (progress === null || performance.now() - progressAt < PROGRESS_EVERY_MS) return;
      progressAt = performance.now();
      progress = { ...progress, fraction, figures: figures ?? null };
      soon({ fields: { [`op:${opcode}`]: { status, result, progress, times } } });
    },
  };
}
