// Submitting opcodes as they are: every opcode can be reached this way.
import { JobSubmission } from '../../../schemas/job.js';
import { summaryOf } from '../../admission/summary.js';
import { mutation } from '../../http/route.js';

export const submitJob = mutation({
  method: 'POST',
  path: '/jobs',
  access: 'write',
  summary: 'Submits a job: opcodes that one worker runs in order. A body that is a JSON list is the list of opcodes.',
  values: { ops: JobSubmission.properties.ops },
  listValue: 'ops',
  opcodesGiven: true,
  ops: ({ ops }) => ops,
  message: (_values, ops) => {
    const [first] = ops.map(summaryOf);
    return ops.length === 1 ? `Queued ${first}.` : `Queued ${first} and ${ops.length - 1} more.`;
  },
});
