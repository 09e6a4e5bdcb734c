// The ten classes of error, the same in a job's `opresult` and in an HTTP error (Ganeti's names, "errors.py" of its RAPI).
import Type, { type Static } from 'typebox';

/** What each class tells the client; the text goes into the published schema. */
const MEANINGS = {
  wrong_input: 'the request itself is wrong; it can never succeed unchanged',
  unknown_entity: 'something that the request names does not exist',
  already_exists: 'something of that name or UUID exists already',
  resource_not_unique: 'a resource (a MAC or IP address, say) is in use elsewhere',
  wrong_state: 'the object is not in a state that allows this',
  insufficient_resources: 'the cluster has no room for it until resources are added or freed',
  temp_insufficient_resources: 'there is no room just now; the same request may succeed later',
  resolver_error: 'a name could not be resolved to an address',
  environment_error: 'something that rapid stands on (a hypervisor, ZooKeeper, Redis) failed or did not answer',
  internal_error: 'a defect of rapid',
} as const;

export type ErrorClass = keyof typeof MEANINGS;

export const ERROR_CLASSES = Object.keys(MEANINGS) as ErrorClass[];

const ErrorClassSchema = Type.Unsafe<ErrorClass>({
  type: 'string',
  enum: ERROR_CLASSES,
  description: Object.entries(MEANINGS)
    .map(([name, meaning]) => `\`${name}\`: ${meaning}`)
    .join('; '),
});

/** The body of every HTTP error, `application/problem+json` (RFC 9457). */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'a URI reference for the kind of problem; `about:blank` here' }),
    title: Type.String({ description: "the HTTP status' own phrase" }),
    status: Type.Integer({ description: 'the HTTP status' }),
    code: ErrorClassSchema,
    message: Type.String({ description: 'what is wrong, for a human; names the field or the object' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'JSON Pointer (RFC 6901) to the value at fault' }),
          message: Type.String({ description: 'what is wrong with that value' }),
        }),
        { description: 'each value at fault' },
      ),
    ),
    job: Type.Optional(Type.Integer({ description: 'the job that failed, when the request waited for one' })),
  },
  { description: 'an error' },
);
export type Problem = Static<typeof Problem>;
