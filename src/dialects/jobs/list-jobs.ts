// The list of jobs, newest first, in pages.
import Type from 'typebox';
import { JobRecord, JobStatusSchema } from '../../../schemas/job.js';
import type { JobDesk, JobFilter } from '../../jobs/job-desk.js';
import { reading, type Answer } from '../../http/route.js';
import { JobId } from './job-id.js';

const seconds = (description: string) => Type.Optional(Type.Number({ minimum: 0, description }));

const filters = {
  status: Type.Optional(Type.Array(JobStatusSchema, { maxItems: 7, description: 'only jobs in one of these statuses' })),
  opcode: Type.Optional(Type.String({ maxLength: 100, description: 'only jobs with that opcode: `OP_VM_START`' })),
  resource: Type.Optional(
    Type.String({ maxLength: 300, description: 'only jobs about that thing, by the name they were given: `vm/web1`' }),
  ),
  user: Type.Optional(Type.String({ maxLength: 100, description: 'only jobs of that user' })),
  parent: Type.Optional({ ...JobId, description: 'only jobs that this job has submitted' }),
  min_age: seconds('only jobs received at least that many seconds ago'),
  max_age: seconds('only jobs received at most that many seconds ago'),
};

const values = {
  ...filters,
  bulk: Type.Boolean({ default: false, description: 'whole records instead of IDs and addresses' }),
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'jobs a page' }),
  before: Type.Optional(JobId),
};

const JobAddress = Type.Object({ id: JobId, uri: Type.String({ description: '`/jobs/<id>`' }) });

/** The address of the next page: the same request, from where this page ended. */
function linkToNext(path: string, given: Record<string, unknown>, before: number): string {
  const query = new URLSearchParams(Object.entries({ ...given, before }).map(([name, value]): [string, string] => [name, String(value)]));
  return `<${path}?${query.toString()}>; rel="next"`;
}

async function records(desk: JobDesk, filter: JobFilter) {
  const { jobs, next } = await desk.list(filter);
  return { body: jobs, next };
}

async function addresses(desk: JobDesk, filter: JobFilter) {
  const { ids, next } = await desk.listIds(filter);
  return { body: ids.map((id) => ({ id, uri: `/jobs/${id}` })), next };
}

export const listJobs = reading({
  method: 'GET',
  path: '/jobs',
  access: 'read',
  summary: 'The jobs, newest first. The header `Link` leads to the next page.',
  values,
  answer: Type.Array(Type.Union([JobAddress, JobRecord])),
  read: async ({ jobs }, given, { path }): Promise<Answer> => {
    const { bulk, min_age: minAgeS, max_age: maxAgeS, ...rest } = given;
    const filter: JobFilter = {
      ...rest,
      ...(minAgeS === undefined ? {} : { minAgeS }),
      ...(maxAgeS === undefined ? {} : { maxAgeS }),
    };
    const { body, next } = bulk ? await records(jobs, filter) : await addresses(jobs, filter);
    return { body, ...(next === undefined ? {} : { headers: { Link: linkToNext(path, given, next) } }) };
  },
});
