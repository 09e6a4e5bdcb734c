// What a running opcode writes into its job: status, steps, log. Small things are gathered and go out with the next write, or a moment later.
import { isFinal, type JobStatus, type Progress, type Timestamp } from '../../schemas/job.js';
import type { JobEvent } from '../../src/jobs/job-desk.js';
import type { OpcodeFate, StoredEvent } from '../../src/jobs/record.js';
import { LostJob, type Change, type Run } from '../../src/jobs/run.js';

/** A longer message is cut; a log is for reading. */
const MOST_CHARACTERS = 4096;
/** Of a whole job: a driver that says something at each of a million turns shall not fill Redis. */
export const MOST_LOG_ENTRIES = 10_000;
const LOG_IS_FULL = 'the log is full: what follows is not written down';
const PROGRESS_EVERY_MS = 400;

type StepPhase = Extract<JobEvent, { type: 'step' }>['phase'];

/** Not through the middle of a character. */
const cut = (message: string): string => message.slice(0, MOST_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '');

export interface Journal {
  log(message: string): void;
  step(name: string, phase: StepPhase): void;
  /** The opcode's own status, result and progress; `jobStatus` when the job's changes with it. */
  fate(fate: { status: JobStatus; result?: unknown; progress?: Progress | null }, change?: Change): Promise<void>;
  /** The same for who need not wait until it is written: it goes out with the next write, or a moment later. */
  fateSoon(fate: { status: JobStatus; progress?: Progress | null }, change?: Change): void;
  /** Tells how far the present step is; most of the calls are dropped. */
  progress(fraction: number, figures?: Record<string, number>): void;
  write(change: Change): Promise<void>;
  /** The job waits without a worker from now on; nothing is written after this. */
  park(fields: Record<string, unknown>): Promise<void>;
}

export function openJournal(run: Run, opcode: number): Journal {
  let events: StoredEvent[] = [];
  /** What goes out with them. */
  let gatheredChange: Pick<Change, 'status' | 'fields'> = {};
  let { status, result, progress, times } = run.fate(opcode);
  times = [times[0] ?? run.now(), times[1], times[2]];
  let progressAt = 0;
  let flushing: NodeJS.Immediate | undefined;

  const send = async (change: Change, how: (change: Change) => Promise<void>) => {
    clearImmediate(flushing);
    flushing = undefined;
    const [gathered, before] = [events, gatheredChange];
    [events, gatheredChange] = [[], {}];
    const all = [...gathered, ...(change.events ?? [])];
    const jobStatus = change.status ?? before.status;
    const logLength = all.some((event) => event.type === 'log') ? { log_length: run.logLength } : {};
    try {
      await how({
        fields: { ...before.fields, ...change.fields, ...logLength },
        events: all,
        ...(jobStatus === undefined ? {} : { status: jobStatus }),
      });
    } catch (error) {
      // Refused, as by a Redis without memory: it goes out with the next write, so that no serial is skipped.
      if (!(error instanceof LostJob)) {
        events = [...gathered, ...events];
        gatheredChange = { ...before, ...gatheredChange, fields: { ...before.fields, ...gatheredChange.fields } };
      }
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

  const changeTo = (next: Parameters<Journal['fate']>[0], change: Change): Change => {
    const changed = next.status !== status;
    ({ status, result, progress } = { result, progress, ...next });
    if (status === 'running') times[1] ??= run.now();
    if (isFinal(status)) times[2] = run.now();
    if (status === 'success' && progress !== null) progress = { ...progress, done: progress.total, fraction: null, figures: null };
    const told: StoredEvent[] = changed ? [{ type: 'opcode', at: run.now(), opcode, status }] : [];
    const fields = { ...change.fields, [`op:${opcode}`]: { status, result, progress, times } };
    return { ...change, fields, events: [...told, ...(change.events ?? [])] };
  };

  return {
    write,
    async park(fields) {
      // Since when it waits is kept for the runners to come.
      const fate = { status: 'waiting', result: null, progress: null, times } satisfies OpcodeFate;
      await send({ fields: { ...fields, [`op:${opcode}`]: fate } }, run.park);
    },
    log(message) {
      if (run.logLength >= MOST_LOG_ENTRIES) return;
      const at: Timestamp = run.now();
      run.logLength += 1;
      const text = run.logLength === MOST_LOG_ENTRIES ? LOG_IS_FULL : cut(message);
      add({ type: 'log', at, opcode, entry: [run.logLength, at, 'message', text] });
    },
    step: (name, phase) => add({ type: 'step', at: run.now(), opcode, step: name, phase }),
    fate: (next, change = {}) => write(changeTo(next, change)),
    fateSoon(next, change = {}) {
      const { status: jobStatus, fields = {}, events: told = [] } = changeTo(next, change);
      events.push(...told);
      gatheredChange = {
        ...(jobStatus === undefined ? gatheredChange : { status: jobStatus }),
        fields: { ...gatheredChange.fields, ...fields },
      };
      flushing ??= setImmediate(soon);
    },
    progress(fraction, figures) {
      if (progress === null || performance.now() - progressAt < PROGRESS_EVERY_MS) return;
      progressAt = performance.now();
      progress = { ...progress, fraction, figures: figures ?? null };
      soon({ fields: { [`op:${opcode}`]: { status, result, progress, times } } });
    },
  };
}
