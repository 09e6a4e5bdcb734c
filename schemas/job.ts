// A job: what is submitted and what is answered (Ganeti's fields, and rapid's own after them).
import Type, { type Static } from 'typebox';

/** Statuses of a job and of an opcode, as Ganeti has them. */
export const JOB_STATUSES = ['queued', 'waiting', 'running', 'canceling', 'canceled', 'success', 'error'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

const FINAL: ReadonlySet<string> = new Set<JobStatus>(['canceled', 'success', 'error']);
/** Whether a job of that status has ended. */
export const isFinal = (status: JobStatus): boolean => FINAL.has(status);

export const JobStatusSchema = Type.Enum([...JOB_STATUSES], {
  description:
    '`queued`: accepted; `waiting`: a worker has it and waits for locks; `running`; `canceling`: asked to stop; `canceled`, `success`, `error`: ended',
});

/** `[seconds, microseconds]` since 1970. */
export const Timestamp = Type.Array(Type.Integer(), { minItems: 2, maxItems: 2, description: '`[seconds, microseconds]` since 1970' });
export type Timestamp = [seconds: number, microseconds: number];
const OptionalTimestamp = Type.Union([Timestamp, Type.Null()]);

const PRIORITIES = [10, 0, -10] as const;
const Priority = Type.Enum([...PRIORITIES], { default: 0, description: '10 low, 0 normal, -10 high (Ganeti)' });

/** `[[job, [statuses]], …]`: run only after these jobs ended in one of these statuses. */
export const Depends = Type.Array(
  Type.Array(Type.Unknown(), {
    minItems: 2,
    maxItems: 2,
    items: false,
    prefixItems: [
      {
        type: 'integer',
        description: 'a job; in a submission of several jobs -1 is the one before this one there, -2 the one before that',
      },
      { type: 'array', items: { type: 'string', enum: ['canceled', 'success', 'error'] }, description: 'empty: any end' },
    ],
  }),
  {
    maxItems: 100,
    description:
      'jobs that must have ended first, each with the statuses that will do: `[[12, ["success"]]]`. Another end makes this job fail, or ' +
      'cancels it when that job was canceled',
  },
);
export type Depends = [job: number, statuses: JobStatus[]][];

export const LogEntry = Type.Array(Type.Unknown(), {
  minItems: 4,
  maxItems: 4,
  items: false,
  prefixItems: [
    { type: 'integer', description: 'serial, from 1 over the whole job' },
    { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2, description: '`[seconds, microseconds]`' },
    { type: 'string', enum: ['message'], description: 'kind of the entry' },
    { type: 'string', description: 'the message' },
  ],
  description: '`[serial, [seconds, microseconds], type, message]`',
});
export type LogEntry = [serial: number, at: Timestamp, type: 'message', message: string];

export const Progress = Type.Object(
  {
    steps: Type.Array(Type.String(), { description: 'the names of the steps, in order' }),
    done: Type.Integer({ description: 'how many of them are finished' }),
    total: Type.Integer({ description: 'how many there are' }),
    fraction: Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()], {
      description: 'how far the present step is, where that is known',
    }),
    figures: Type.Union([Type.Record(Type.String(), Type.Number()), Type.Null()], {
      description:
        'numbers that are known of the present step; while a guest is moved live `bytes_total`, `bytes_processed`, `bytes_remaining` and, once ' +
        'it can be told, `expected_downtime_ms`',
    }),
  },
  { description: "an opcode's progress" },
);
export type Progress = Static<typeof Progress>;

/** An opcode as it travels: its wire name and its parameters. */
export const Opcode = Type.Object({ OP_ID: Type.String({ description: 'the wire name: `OP_VM_START`' }) }, { additionalProperties: true });
export type Opcode = { OP_ID: string } & Record<string, unknown>;

export const JobRecord = Type.Object(
  {
    id: Type.Integer({ description: 'the job ID' }),
    status: JobStatusSchema,
    ops: Type.Array(Opcode, { description: 'the opcodes' }),
    opstatus: Type.Array(JobStatusSchema, { description: 'the status of each opcode' }),
    opresult: Type.Array(Type.Unknown(), {
      description:
        'for each opcode: null until it ends; its result; or after a failure `["OpPrereqError", [text, class]]` when nothing was changed, ' +
        '`["OpExecError", [text, class]]` otherwise',
    }),
    oplog: Type.Array(Type.Array(LogEntry), { description: 'the log of each opcode' }),
    summary: Type.Array(Type.String(), { description: 'each opcode in short: `VM_START(web1)`' }),
    received_ts: Timestamp,
    start_ts: OptionalTimestamp,
    end_ts: OptionalTimestamp,
    user: Type.String({ description: 'the name of the token that submitted it' }),
    reason: Type.Union([Type.String(), Type.Null()], { description: 'why, as the client gave it' }),
    priority: Priority,
    depends: Depends,
    dry_run: Type.Boolean({ description: 'whether it only checks' }),
    parent: Type.Union([Type.Integer(), Type.Null()], {
      description: 'the job that submitted this one as a part of its own work; null for a job of a client',
    }),
    children: Type.Array(Type.Integer(), {
      description:
        'the jobs that this one has submitted as parts of its own work, in order; `GET /jobs?parent=<id>&bulk=1` has their records',
    }),
    progress: Type.Array(Type.Union([Progress, Type.Null()]), {
      description: 'for each opcode its progress; null before its steps are known',
    }),
    opstart: Type.Array(OptionalTimestamp, { description: 'when each opcode began to wait for its locks' }),
    opexec: Type.Array(OptionalTimestamp, { description: 'when each opcode had its locks and began its steps' }),
    opend: Type.Array(OptionalTimestamp, { description: 'when each opcode ended' }),
  },
  { description: 'a job' },
);
export interface JobRecord {
  id: number;
  status: JobStatus;
  ops: Opcode[];
  opstatus: JobStatus[];
  opresult: unknown[];
  oplog: LogEntry[][];
  summary: string[];
  received_ts: Timestamp;
  start_ts: Timestamp | null;
  end_ts: Timestamp | null;
  user: string;
  reason: string | null;
  priority: number;
  depends: Depends;
  dry_run: boolean;
  parent: number | null;
  children: number[];
  progress: (Progress | null)[];
  opstart: (Timestamp | null)[];
  opexec: (Timestamp | null)[];
  opend: (Timestamp | null)[];
}

/** What every mutation takes besides its own values. */
export const submissionValues = {
  dry_run: Type.Optional(
    Type.Boolean({
      default: false,
      description:
        'check only: the result is `{locks, facts, steps}` and nothing is changed; of an opcode that depends on what an earlier one of the job ' +
        'would change it is `{depends_on, resources}`: that one is not judged',
    }),
  ),
  priority: Type.Optional(Priority),
  depends: Type.Optional(Depends),
  reason: Type.Optional(Type.String({ maxLength: 1024, description: 'why; kept with the job' })),
};

/** The body of `POST /jobs`. */
export const JobSubmission = Type.Object(
  {
    ops: Type.Array(Opcode, { minItems: 1, maxItems: 1000, description: 'the opcodes, run in order by one worker' }),
    ...submissionValues,
  },
  { additionalProperties: false },
);

/** What a mutation answers with 202. */
export const Accepted = Type.Object({
  job: Type.Integer({ description: 'the job ID; `GET /jobs/<id>/wait` tells how it goes' }),
  message: Type.String({ description: 'what the job is about to do' }),
});
