// Submitting opcodes as they are: every opcode can be reached this way. One job, or several in one step.
import Type from 'typebox';
import { JobSubmission } from '../../../schemas/job.js';
import { summaryOf } from '../../admission/summary.js';
import { mutation } from '../../http/route.js';
import { wrongInput } from '../../validation/wrong-input.js';

export const submitJob = mutation({
  method: 'POST',
  path: '/jobs',
  access: 'write',
  summary: 'Submits a job: opcodes that one worker runs in order. A body that is a JSON list is the list of opcodes.',
  values: {
    ops: Type.Optional(JobSubmission.properties.ops),
    jobs: Type.Optional(
      Type.Array(JobSubmission, {
        minItems: 1,
        maxItems: 100,
        description:
          'several jobs instead of one, accepted all or none, and answered with `{"jobs": [IDs], "message": …}`; a negative number in the `depends` of one counts back within them',
      }),
    ),
  },
  listValue: 'ops',
  opcodesGiven: true,
  several({ ops, jobs }) {
    if (jobs !== undefined || ops !== undefined) return jobs;
    throw wrongInput([{ pointer: '/ops', message: 'is missing (or jobs)' }]);
  },
  ops: ({ ops = [] }) => ops,
  message: (_values, ops) => {
    const [first] = ops.map(summaryOf);
    return ops.length === 1 ? `Queued ${first}.` : `Queued ${first} and ${ops.length - 1} more.`;
  },
});
