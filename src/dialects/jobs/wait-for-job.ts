// Waiting for news of a job. In Ganeti's form the client says what it has and is answered as soon as there is something else; with
// `until=done` it waits for the end.
import { isDeepStrictEqual } from 'node:util';
import Type from 'typebox';
import { isFinal, LogEntry, type JobRecord } from '../../../schemas/job.js';
import { reading } from '../../http/route.js';
import { wrongInput } from '../../validation/wrong-input.js';
import { fieldsOf, JobField } from './job-fields.js';
import { JobId, WaitSeconds } from './job-id.js';

const values = {
  id: JobId,
  timeout: WaitSeconds,
  until: Type.Optional(Type.Enum(['done'], { description: '`done`: wait for the end and answer the whole job' })),
  fields: Type.Optional(
    Type.Array(JobField, { minItems: 1, maxItems: 50, description: 'the fields that `job_info` holds, in that order' }),
  ),
  previous_job_info: Type.Optional(
    Type.Union([Type.Array(Type.Unknown()), Type.Null()], {
      description: 'the `job_info` of the last answer; null: answer at once',
    }),
  ),
  previous_log_serial: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'the highest serial of a log entry that the client has',
    }),
  ),
};

const News = Type.Object({
  job_info: Type.Array(Type.Unknown(), { description: 'the fields asked for' }),
  log_entries: Type.Array(LogEntry, { description: 'the log entries after `previous_log_serial`' }),
});

interface Known {
  fields: string[];
  jobInfo: unknown[] | null;
  logSerial: number;
}

const newsIn = (record: JobRecord, { fields, logSerial }: Known) => ({
  job_info: fieldsOf(record, fields),
  log_entries: record.oplog.flat().filter(([serial]) => serial > logSerial),
});

/** Whether the client does not have all of it; an ended job always is news, so that every client finds out that it has ended. */
function isNews(record: JobRecord, known: Known): boolean {
  if (known.jobInfo === null || isFinal(record.status)) return true;
  const { job_info, log_entries } = newsIn(record, known);
  return log_entries.length > 0 || !isDeepStrictEqual(job_info, known.jobInfo);
}

export const waitForJob = reading({
  method: 'GET',
  path: '/jobs/:id/wait',
  access: 'read',
  summary: 'Waits until something differs from what the client has; null when the time is over. An ended job is answered at once.',
  values,
  answer: Type.Union([News, Type.Object({}, { additionalProperties: true, description: 'the job, with `until=done`' }), Type.Null()]),
  read: async ({ jobs }, { id, timeout, until, fields, previous_job_info, previous_log_serial }, { signal }) => {
    const timeoutMs = timeout * 1000;
    if (until === 'done') {
      return { body: (await jobs.waitForEnd(id, timeoutMs, signal)) ?? null };
    }
    if (fields === undefined) throw wrongInput([{ pointer: '/fields', message: 'is missing (or until=done)' }]);
    const known: Known = { fields, jobInfo: previous_job_info ?? null, logSerial: previous_log_serial ?? 0 };
    // Who asks for the whole log gets the whole log.
    const logAfter = fields.includes('oplog') ? 0 : known.logSerial;
    const record = await jobs.waitFor(id, (candidate) => isNews(candidate, known), timeoutMs, signal, logAfter);
    return { body: record === undefined ? null : newsIn(record, known) };
  },
});
