// A lock as `GET /api/v1/locks` shows it.
import Type, { type Static } from 'typebox';

const LockEntry = Type.Object({
  job: Type.Integer({ description: 'the job; 0: an agent, which follows its guests or is the primary' }),
  opcode: Type.String({ description: 'the opcode that asked' }),
  worker: Type.String({ description: 'the worker that runs the job' }),
  mode: Type.Enum(['exclusive', 'shared', 'slot'], { description: '`slot`: one of a bounded number of holders' }),
  since: Type.Number({ description: 'when it was asked for, in seconds since 1970' }),
});

export const Lock = Type.Object(
  {
    name: Type.String({ description: 'kind and identity of what is locked: `vm/<uuid>`' }),
    mode: Type.Enum(['exclusive', 'shared', 'slot'], { description: "the holders' mode" }),
    holders: Type.Array(LockEntry, { description: 'who has it' }),
    waiters: Type.Array(LockEntry, { description: 'who waits for it, next first' }),
  },
  { description: 'a lock that some job holds' },
);
export type Lock = Static<typeof Lock>;
