// A worker's hold on one job: claimed once, written to in order, lost when another worker claims the job.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { JobStatus, Timestamp } from '../../schemas/job.js';
import { childField, childrenOf } from './children.js';
import { confirmedPatiently } from './confirm.js';
import type { Submission } from './job-desk.js';
import type { Keys } from './keys.js';
import { bornOf, fateIn, specIn, type OpcodeFate, type StoredEvent, type StoredFields } from './record.js';
import type { JobSpec } from './spec.js';
import { submitChild } from './submit.js';
import { PARKING_LEASE_MS } from './parking.js';
import { isRefusal } from './refusals.js';
import type { QueueEntry } from './scripts/enqueue.js';
import { redisClock } from './timestamp.js';

/** The job was claimed by another worker, or has ended: this runner must not go on. */
export class LostJob extends Error {}

/** One atomic change of the record. What changes the job's status is told as an event by itself. */
export interface Change {
  status?: JobStatus;
  fields?: Record<string, unknown>;
  events?: StoredEvent[];
}

export interface Run {
  id: number;
  spec: JobSpec;
  /** Tells it from a job of the same number in a ledger that was begun anew. */
  born: string;
  priority: number;
  /** How often the job has been claimed; above 1 it is being taken up again. */
  epoch: number;
  /** It was parked before this claim, in good order: no worker has died with it since it was parked. */
  wasParked: boolean;
  /** The job's status as this runner last wrote or found it. */
  status: JobStatus;
  fate(opcode: number): OpcodeFate;
  /** A private field that an earlier runner, or this one, has written. */
  note<T>(name: string): T | undefined;
  /** Whether the job was asked to stop before it was claimed. */
  cancelRequested: boolean;
  /** How the jobs ended that this one depends on, in their order. */
  dependencyStatuses: JobStatus[];
  /** How many log entries there are. */
  logLength: number;
  /** The jobs that an opcode of this one has submitted, by its own keys. */
  children(opcode: number): ReadonlyMap<string, number>;
  /** Submits a job as a child of this one, or finds the one that has the key; answers its ID. Throws LostJob. */
  submitChild(opcode: number, key: string, submission: Submission): Promise<number>;
  /** Resolves when no submission of a child is under way. */
  childrenSubmitted(): Promise<void>;
  /** The present time by Redis' clock, which dates everything in the record. */
  now(): Timestamp;
  /** Writes; throws LostJob. */
  write(change: Change): Promise<void>;
  /**
   * Writes, and leaves the job without a worker and out of line until `wakeJob` or a cancel puts it there again, or until the lease ends that
   * `renewParked` extends. This run ends with it: what it writes afterwards is refused, and the handler returns 'done'. Without anybody who
   * renews or wakes, this hands the job back for later.
   */
  park(change?: Change, leaseMs?: number): Promise<void>;
}

/** Claims a job for this worker; undefined when there is nothing to run, or its entry in the queue is not its present one. */
export async function claimJob(
  redis: Redis,
  keys: Keys,
  keepCount: number,
  { id, entry }: QueueEntry,
  worker: string,
): Promise<Run | undefined> {
  const token = randomUUID();
  const reply = await redis.rapidClaim(keys.prefix, id, entry, worker, token);
  if (reply === null) return undefined;
  await confirmedPatiently(redis, keys);
  const [seconds, microseconds, record] = reply;
  const clock = redisClock(seconds, microseconds);
  const fields = pairs(record);
  const spec = specIn(fields);
  const dependencies = JSON.parse(fields['dependencies'] ?? '[]') as number[];
  let writes = 0;
  let answered = 0;
  let lastWrite: Promise<unknown> = Promise.resolve();
  const submissions = new Set<Promise<number>>();

  const send = async ({ status, fields: changed = {}, events = [] }: Change, parkMs?: number) => {
    const entries = Object.entries(changed).map(([name, value]) => [name, JSON.stringify(value)] as const);
    const number = ++writes;
    const parameters = [
      ...[keys.prefix, id, token, number, answered, status ?? '', parkMs ?? '', keepCount, entries.length],
      ...entries.flat(),
      ...events.map((told) => JSON.stringify(told)),
    ];
    const written = await untilTaken(() => redis.rapidWrite(...parameters));
    if (written === null) throw new LostJob(`job ${id} is no longer this worker's`);
    answered = number;
    clock.set(...written);
    for (const [name, text] of entries) fields[name] = text;
    run.status = status ?? run.status;
    await confirmedPatiently(redis, keys);
  };
  /** One after the other: the script tells a repeated write from a new one by their order. */
  const write = async (change: Change, parkMs?: number) => {
    const before = lastWrite;
    const writing = before.then(() => send(change, parkMs));
    lastWrite = writing.catch(() => undefined);
    await writing;
  };

  const run: Run = {
    id,
    spec,
    born: bornOf(JSON.parse(fields['received_ts'] ?? '[0,0]') as Timestamp),
    priority: Number(fields['priority']),
    epoch: Number(fields['epoch']),
    wasParked: fields['was_parked'] === '1',
    status: fields['status'] as JobStatus,
    fate: (opcode) => fateIn(fields, opcode),
    note: <T>(name: string) => (fields[name] === undefined ? undefined : (JSON.parse(fields[name]) as T)),
    cancelRequested: fields['cancel'] === '1',
    dependencyStatuses: dependencies.map((dependency) => fields[`dependency:${dependency}`] as JobStatus),
    logLength: Number(fields['log_length'] ?? 0),
    children: (opcode) => childrenOf(fields, opcode),
    async submitChild(opcode, key, submission) {
      const field = childField(opcode, key);
      // Only who holds the job gives it children, so what was read when it was claimed and what was done since is all there is.
      const known = fields[field];
      if (known !== undefined) return Number(known);
      const submitting = submitChild(redis, keys, submission, { job: id, epoch: run.epoch, field }).then((child) => {
        if (child === undefined) throw new LostJob(`job ${id} is no longer this worker's`);
        fields[field] = String(child);
        return child;
      });
      submissions.add(submitting);
      return await submitting.finally(() => submissions.delete(submitting));
    },
    childrenSubmitted: async () => void (await Promise.allSettled(submissions)),
    now: clock.now,
    write: (change) => write(change),
    park: (change = {}, leaseMs = PARKING_LEASE_MS) => write(change, leaseMs),
  };
  return run;
}

const REFUSED_PAUSE_MS = 500;

/** Redis refuses while its memory or disk is full, or while it is loaded: nothing of it was done, and there is nothing to do but to wait. */
async function untilTaken<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await delay(REFUSED_PAUSE_MS);
    }
  }
}

function pairs(flat: string[]): StoredFields {
  const fields: StoredFields = {};
  for (let i = 0; i < flat.length; i += 2) fields[flat[i] as string] = flat[i + 1] as string;
  return fields;
}
