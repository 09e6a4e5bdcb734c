// The jobs' port in the memory of the test: nothing runs here, the test says what becomes of a job.
import { EventEmitter, on, once } from 'node:events';
import { isFinal, type JobRecord, type LogEntry, type Timestamp } from '../../schemas/job.js';
import { resourcesOf, summaryOf } from '../../src/admission/summary.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { IdempotencyMismatch } from '../../src/errors/idempotency-mismatch.js';
import type { Idempotency, JobDesk, JobEvent, JobFilter, Submission, Together } from '../../src/jobs/job-desk.js';

type Unnumbered = JobEvent extends infer E ? (E extends JobEvent ? Omit<E, 'serial' | 'at'> : never) : never;

const now = (): Timestamp => [Math.floor(Date.now() / 1000), 0];

export class MemoryJobDesk implements JobDesk {
  readonly submissions: Submission[] = [];
  readonly #records: JobRecord[] = [];
  readonly #events = new Map<number, JobEvent[]>();
  readonly #keys = new Map<string, { id: number; request: string }>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  /** How many callers wait for a change at this moment. */
  get waiters(): number {
    return this.#changes.listenerCount('change');
  }

  async submitTogether(submissions: readonly Omit<Submission, 'idempotency'>[], idempotency?: Idempotency): Promise<Together> {
    const known = idempotency && this.#keys.get(`${submissions[0]?.user} ${idempotency.key}`);
    const jobs: number[] = [];
    for (const submission of submissions) jobs.push(await this.submit({ ...submission, ...(idempotency ? { idempotency } : {}) }));
    return { jobs, message: known && idempotency.message };
  }

  async submit(submission: Submission): Promise<number> {
    const { ops, user, reason, priority, depends, dryRun, idempotency } = submission;
    const known = idempotency && this.#keys.get(`${user} ${idempotency.key}`);
    if (known && known.request !== JSON.stringify(idempotency.request)) throw new IdempotencyMismatch(known.id);
    if (known) return known.id;
    const id = this.#records.length + 1;
    if (idempotency) this.#keys.set(`${user} ${idempotency.key}`, { id, request: JSON.stringify(idempotency.request) });
    this.submissions.push(submission);
    this.#records.push({
      id,
      status: 'queued',
      ops,
      opstatus: ops.map(() => 'queued'),
      opresult: ops.map(() => null),
      oplog: ops.map(() => []),
      summary: ops.map(summaryOf),
      received_ts: now(),
      start_ts: null,
      end_ts: null,
      user,
      reason,
      priority,
      depends,
      dry_run: dryRun,
      parent: null,
      children: [],
      progress: ops.map(() => null),
      opstart: ops.map(() => null),
      opexec: ops.map(() => null),
      opend: ops.map(() => null),
    });
    this.#tell(id, { type: 'status', status: 'queued' });
    return id;
  }

  async read(id: number): Promise<JobRecord | undefined> {
    return structuredClone(this.#records[id - 1]);
  }

  async listIds(filter: JobFilter) {
    const { jobs, ...more } = await this.list(filter);
    return { ids: jobs.map(({ id }) => id), ...more };
  }

  async list({ status, opcode, resource, user, parent, limit, before = Infinity }: JobFilter) {
    const wanted = this.#records
      .filter((job) => job.id < before && (status?.includes(job.status) ?? true) && (user ?? job.user) === job.user)
      .filter(({ ops }) => opcode === undefined || ops.some(({ OP_ID }) => OP_ID === opcode))
      .filter(({ ops }) => resource === undefined || ops.flatMap(resourcesOf).includes(resource))
      .filter((job) => parent === undefined || job.parent === parent)
      .toReversed();
    const jobs = wanted.slice(0, limit);
    return { jobs, ...(wanted.length > limit ? { next: jobs.at(-1)?.id ?? 0 } : {}) };
  }

  async cancel(id: number): Promise<[canceled: boolean, text: string] | undefined> {
    const record = this.#records[id - 1];
    if (record === undefined) return undefined;
    if (isFinal(record.status)) return [false, `Job ${id} has ended`];
    this.end(id, 'canceled', []);
    return [true, `Dequeued job ${id}`];
  }

  async waitFor(
    id: number,
    isNews: (record: JobRecord) => boolean,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<JobRecord | undefined> {
    const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
    for (;;) {
      const record = await this.read(id);
      if (record === undefined) throw new ClassifiedError('unknown_entity', `there is no job ${id}`);
      if (isNews(record)) return record;
      if (limit.aborted || !(await this.#changed(limit))) return undefined;
    }
  }

  async waitForEnd(id: number, timeoutMs: number, signal?: AbortSignal): Promise<JobRecord | undefined> {
    return await this.waitFor(id, ({ status }) => isFinal(status), timeoutMs, signal);
  }

  async *follow(id: number, afterSerial: number, signal: AbortSignal): AsyncIterable<JobEvent> {
    const changes = on(this.#changes, 'change', { signal });
    let serial = afterSerial;
    try {
      for (;;) {
        for (const event of (this.#events.get(id) ?? []).slice(serial)) {
          serial = event.serial;
          yield event;
        }
        const record = await this.read(id);
        if (record === undefined || isFinal(record.status)) return;
        await changes.next();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Makes one job the child of another. */
  adopt(child: number, parent: number): void {
    Object.assign(this.#records[child - 1] ?? {}, { parent });
    this.#records[parent - 1]?.children.push(child);
  }

  /** Writes to the log of a job's first opcode. */
  log(id: number, text: string): void {
    const serial = (this.#events.get(id)?.length ?? 0) + 1;
    const entry: LogEntry = [serial, now(), 'message', text];
    this.#records[id - 1]?.oplog[0]?.push(entry);
    this.#tell(id, { type: 'log', opcode: 0, entry });
  }

  /** Ends a job and all its opcodes. */
  end(id: number, status: 'success' | 'error' | 'canceled', opresult: unknown[]): void {
    const record = this.#records[id - 1];
    if (record === undefined) throw new Error(`no job ${id}`);
    Object.assign(record, { status, opstatus: record.ops.map(() => status), opresult, end_ts: now() });
    this.#tell(id, { type: 'status', status });
  }

  #tell(id: number, event: Unnumbered): void {
    const events = this.#events.get(id) ?? [];
    this.#events.set(id, [...events, { ...event, serial: events.length + 1, at: now() }]);
    this.#changes.emit('change');
  }

  async #changed(signal: AbortSignal): Promise<boolean> {
    try {
      await once(this.#changes, 'change', { signal });
      return true;
    } catch {
      return false;
    }
  }
}
