// What the front desk does with jobs: submit, read, list, wait, follow, cancel. The dialects see jobs only through this.
import type { Depends, JobRecord, JobStatus, LogEntry, Opcode, Timestamp } from '../../schemas/job.js';

export interface Submission {
  /** Checked and completed by `admit` (src/admission). */
  ops: Opcode[];
  user: string;
  reason: string | null;
  priority: number;
  depends: Depends;
  dryRun: boolean;
  idempotency?: Idempotency;
}

/** The same key, user and request give the same jobs, and the message of the first time. */
export interface Idempotency {
  /** The client's Idempotency-Key. */
  key: string;
  /** The request as the client sent it, before anything was read into it, as JSON. */
  request: unknown;
  /** What the client is told with the jobs' IDs. */
  message?: string;
}

export interface Together {
  /** In the order of the submissions. */
  jobs: number[];
  /** What the client was told when the key was first used; undefined when it was not used before. */
  message: string | undefined;
}

export interface JobFilter {
  status?: JobStatus[];
  opcode?: string;
  /** `vm/web1`: kind and name of a thing, as the job named it. */
  resource?: string;
  user?: string;
  /** The job that submitted them. */
  parent?: number;
  /** Seconds since the job was received, at least and at most. */
  minAgeS?: number;
  maxAgeS?: number;
  /** How many jobs a page holds. */
  limit: number;
  /** Only jobs with a smaller ID. */
  before?: number;
}

export interface JobPage {
  /** Newest first. */
  jobs: JobRecord[];
  /** The `before` of the next page; absent on the last one. */
  next?: number;
}

/** A page of which only the jobs' numbers are wanted. */
export interface JobIds {
  /** Newest first. */
  ids: number[];
  /** As in JobPage. */
  next?: number;
}

/** What happened to a job, in order; `serial` counts from 1 over the job's whole life. */
export type JobEvent = { serial: number; at: Timestamp } & (
  | { type: 'status'; status: JobStatus }
  | { type: 'opcode'; opcode: number; status: JobStatus }
  | { type: 'step'; opcode: number; step: string; phase: 'begun' | 'finished' | 'failed' | 'undone' }
  | { type: 'log'; opcode: number; entry: LogEntry }
);

export interface JobDesk {
  /**
   * Resolves when Redis holds the job. Throws wrong_input (a key reused with another request, answered with 422; a negative dependency),
   * unknown_entity (a dependency that does not exist), environment_error (Redis does not answer, or refuses).
   */
  submit(submission: Submission): Promise<number>;
  /**
   * Several jobs of one user in one step, all or none; in `depends` of each, negative numbers count back within them. Otherwise as `submit`;
   * the single submissions' own `idempotency` is not looked at. Throws wrong_input for a negative dependency that leads out of them.
   */
  submitTogether(submissions: readonly Omit<Submission, 'idempotency'>[], idempotency?: Idempotency): Promise<Together>;
  read(id: number): Promise<JobRecord | undefined>;
  list(filter: JobFilter): Promise<JobPage>;
  /** The same without reading any record. */
  listIds(filter: JobFilter): Promise<JobIds>;
  /**
   * Asks a job to stop. A queued job ends at once and never runs. For a running one it waits up to `waitMs` for its end, and answers
   * true only when it ended `canceled`. The text is for a human. Undefined: no such job.
   */
  cancel(id: number, waitMs: number): Promise<[canceled: boolean, text: string] | undefined>;
  /**
   * The record as soon as `isNews` holds for it, or undefined when the time is over or the signal aborts. Looks at once, then at
   * each change. For who has the log up to the serial `logAfter`: what is before that may be missing in it, so that a long log is not read
   * anew at each of its entries. Throws unknown_entity when there is no such job.
   */
  waitFor(
    id: number,
    isNews: (record: JobRecord) => boolean,
    timeoutMs: number,
    signal?: AbortSignal,
    logAfter?: number,
  ): Promise<JobRecord | undefined>;
  /** The record once the job has ended, or undefined when the time is over or the signal aborts. Looks at once, then at its end. Throws unknown_entity. */
  waitForEnd(id: number, timeoutMs: number, signal?: AbortSignal): Promise<JobRecord | undefined>;
  /** The job's events after that serial, then those to come; ends when the job has ended and all were given, or the signal aborts. */
  follow(id: number, afterSerial: number, signal: AbortSignal): AsyncIterable<JobEvent>;
}
