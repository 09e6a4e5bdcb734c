// A client of the API, as an operator's script would be one: plain HTTP.
import { randomUUID } from 'node:crypto';
import { isFinal, type JobRecord, type Opcode } from '../../schemas/job.js';
import { until } from '../lab/until.js';

export interface Reply {
  status: number;
  headers: Headers;
  // The tests say what they expect of it.
  body: ReturnType<typeof JSON.parse>;
}

export interface ApiClient {
  /** `body`, if given, is sent as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** As call, holding the line until the job has ended; asked again about the same job while it has not. */
  doing(method: string, path: string, body?: unknown): Promise<Reply>;
  /** Queues the opcodes; answers the job's ID. Throws when they are not accepted. */
  submit(...ops: Opcode[]): Promise<number>;
  /** The job once it has ended. */
  end(job: number, quietMs?: number): Promise<JobRecord>;
  /** Submits the opcodes and waits for the job's end. */
  run(...ops: Opcode[]): Promise<JobRecord>;
}

/** How long a job may take here, on a quiet machine: guests boot slowly when many boot at once. */
const JOB_MS = 120_000;
/** How long the API holds a line. */
const HELD_S = 60;

/** Each request goes to the next of these APIs: what one of them has told must be so for the others too. */
export function apiClient(...urls: readonly string[]): ApiClient {
  let requests = 0;
  const call: ApiClient['call'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${urls[requests++ % urls.length]}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  const submit: ApiClient['submit'] = async (...ops) => {
    const { status, body } = await call('POST', '/jobs', { ops });
    if (status !== 202) throw new Error(`${JSON.stringify(ops).slice(0, 200)} was not accepted: ${JSON.stringify(body)}`);
    return body.job;
  };
  const end: ApiClient['end'] = (job, quietMs = JOB_MS) =>
    until(
      `the end of job ${job}`,
      async () => {
        // The job queue may be away for a while, on purpose: then nothing is known, and it is asked again.
        const { status, body } = await call('GET', `/jobs/${job}/wait?until=done&timeout=5`);
        return status === 200 && body !== null && isFinal(body.status) && (body as JobRecord);
      },
      { within: quietMs },
    );

  return {
    call,
    doing: (method, path, body) => {
      const headers = { Prefer: `wait=${HELD_S}`, 'Idempotency-Key': randomUUID() };
      return until(
        `the answer to ${method} ${path}`,
        async () => {
          const reply = await call(method, path, body, headers);
          return reply.status !== 202 && reply;
        },
        { within: JOB_MS },
      );
    },
    submit,
    end,
    run: async (...ops) => end(await submit(...ops)),
  };
}

/** The log of a job's only opcode, as text. */
export const logOf = ({ oplog }: JobRecord): string => (oplog[0] ?? []).map(([, , , message]) => message).join('\n');

/** Milliseconds since 1970. */
export const toMs = ([seconds, microseconds]: [number, number]): number => seconds * 1000 + microseconds / 1000;
