// A job's record: from what Redis holds to what clients read.
import type { Redis } from 'ioredis';
import { isFinal, type JobRecord, type JobStatus, type LogEntry, type Progress, type Timestamp } from '../../schemas/job.js';
import { childrenIn } from './children.js';
import type { JobEvent } from './job-desk.js';
import type { Keys } from './keys.js';
import type { JobSpec } from './spec.js';

/** What is stored of one opcode's fate, in the field `op:<index>`. */
export interface OpcodeFate {
  status: JobStatus;
  result: unknown;
  progress: Progress | null;
  /** When it began to wait for its locks, when it had them, when it ended. */
  times: [start: Timestamp | null, exec: Timestamp | null, end: Timestamp | null];
}

export type StoredFields = Record<string, string>;
/** An event as it is stored; its serial is its place in the list. */
export type StoredEvent = JobEvent extends infer E ? (E extends JobEvent ? Omit<E, 'serial'> : never) : never;

const parse = <T>(text: string | undefined, fallback: T): T => (text === undefined ? fallback : (JSON.parse(text) as T));

/** Tells a job from one of the same number in a ledger that was begun anew. */
export const bornOf = ([seconds, microseconds]: Timestamp): string => (seconds * 1_000_000 + microseconds).toString(36);

export const specIn = (fields: StoredFields): JobSpec => JSON.parse(fields['spec'] ?? '') as JobSpec;

/** How far an opcode is. One that was never touched was cancelled with its job, waits for its locks if it is the next, or is queued. */
export function fateIn(fields: StoredFields, index: number): OpcodeFate {
  const stored = fields[`op:${index}`];
  if (stored !== undefined) return JSON.parse(stored) as OpcodeFate;
  const isNext = index === 0 || fields[`op:${index - 1}`] !== undefined;
  const status = fields['status'] === 'canceled' ? 'canceled' : isNext && fields['status'] === 'waiting' ? 'waiting' : 'queued';
  return { status, result: null, progress: null, times: [null, null, null] };
}

function logEntriesIn(events: StoredEvent[], opcode: number): LogEntry[] {
  return events.flatMap((event) => (event.type === 'log' && event.opcode === opcode ? [event.entry] : []));
}

function recordFrom(id: number, fields: StoredFields, events: StoredEvent[]): JobRecord {
  const spec = specIn(fields);
  const fates = spec.ops.map((_, index) => fateIn(fields, index));
  const resolved = parse<number[]>(fields['dependencies'], []);
  return {
    id,
    status: fields['status'] as JobStatus,
    ops: spec.ops,
    opstatus: fates.map((fate) => fate.status),
    opresult: fates.map((fate) => fate.result),
    oplog: spec.ops.map((_, index) => logEntriesIn(events, index)),
    summary: spec.summary,
    received_ts: parse<Timestamp>(fields['received_ts'], [0, 0]),
    start_ts: parse<Timestamp | null>(fields['start_ts'], null),
    end_ts: parse<Timestamp | null>(fields['end_ts'], null),
    user: spec.user,
    reason: spec.reason,
    priority: Number(fields['priority']),
    depends: spec.depends.map(([job, statuses], index) => [resolved[index] ?? job, statuses]),
    dry_run: spec.dryRun,
    parent: spec.parent ?? null,
    children: childrenIn(fields),
    progress: fates.map((fate) => fate.progress),
    opstart: fates.map((fate) => fate.times[0]),
    opexec: fates.map((fate) => fate.times[1]),
    opend: fates.map((fate) => fate.times[2]),
  };
}

/**
 * The records of these jobs, in their order, in one round trip; jobs that do not exist are left out. For who has the log up to the serial
 * `logAfter`: what is before that may be missing.
 */
export async function readRecords(redis: Redis, keys: Keys, ids: number[], logAfter = 0): Promise<JobRecord[]> {
  const pipeline = redis.pipeline();
  // A log entry is an event: the one with the serial n is the n-th event at the earliest.
  for (const id of ids) pipeline.hgetall(keys.job(id)).lrange(keys.events(id), logAfter, -1);
  const replies = (await pipeline.exec()) ?? [];
  return ids.flatMap((id, index) => {
    const fields = valueOf<StoredFields>(replies[2 * index]);
    const events = valueOf<string[]>(replies[2 * index + 1]).map((text) => JSON.parse(text) as StoredEvent);
    return fields['spec'] === undefined ? [] : [recordFrom(id, fields, events)];
  });
}

function valueOf<T>(reply: [Error | null, unknown] | undefined): T {
  if (reply === undefined || reply[0] !== null) throw reply?.[0] ?? new Error('no reply from Redis');
  return reply[1] as T;
}

export const hasEnded = (record: JobRecord): boolean => isFinal(record.status);
