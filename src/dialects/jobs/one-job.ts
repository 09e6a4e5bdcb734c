// One job: its record, and asking it to stop.
import Type from 'typebox';
import { JobRecord } from '../../../schemas/job.js';
import { reading } from '../../http/route.js';
import { JobId, noSuchJob, WaitSeconds } from './job-id.js';

export const readJob = reading({
  method: 'GET',
  path: '/jobs/:id',
  access: 'read',
  summary: 'A job.',
  values: { id: JobId },
  answer: JobRecord,
  read: async ({ jobs }, { id }) => {
    const record = await jobs.read(id);
    if (record === undefined) throw noSuchJob(id);
    return { body: record };
  },
});

export const cancelJob = reading({
  method: 'DELETE',
  path: '/jobs/:id',
  access: 'write',
  summary: 'Cancels a job: a queued one ends at once and never runs; a running one is asked to stop and waited for.',
  values: { id: JobId, timeout: WaitSeconds },
  answer: Type.Array(Type.Unknown(), {
    prefixItems: [
      { type: 'boolean', description: 'whether it ended canceled' },
      { type: 'string', description: 'what happened' },
    ],
    items: false,
  }),
  read: async ({ jobs }, { id, timeout }) => {
    const answer = await jobs.cancel(id, timeout * 1000);
    if (answer === undefined) throw noSuchJob(id);
    return { body: answer };
  },
});
