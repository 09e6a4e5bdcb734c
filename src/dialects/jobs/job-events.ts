// A job's events as they happen, as server-sent events; `Last-Event-ID` resumes after a broken connection.
import { stream } from '../../http/route.js';
import type { ServerSentEvent } from '../../http/server-sent-events.js';
import type { JobEvent } from '../../jobs/job-desk.js';
import { wrongInput } from '../../validation/wrong-input.js';
import { JobId, noSuchJob } from './job-id.js';

async function* asServerSent(events: AsyncIterable<JobEvent>): AsyncGenerator<ServerSentEvent> {
  for await (const event of events) yield { id: event.serial, event: event.type, data: event };
}

function lastSerial(header: string | undefined): number {
  if (header === undefined || header === '') return 0;
  if (!/^\d{1,15}$/.test(header)) throw wrongInput([{ pointer: '', message: 'Last-Event-ID: must be the id of an event' }]);
  return Number(header);
}

export const jobEvents = stream({
  method: 'GET',
  path: '/jobs/:id/events',
  access: 'read',
  summary: "A job's events: status, opcode, step and log. The stream ends with the job.",
  values: { id: JobId },
  open: async ({ jobs }, { id }, request) => {
    const after = lastSerial(request.header('Last-Event-ID'));
    if ((await jobs.read(id)) === undefined) throw noSuchJob(id);
    return asServerSent(jobs.follow(id, after, request.signal));
  },
});
