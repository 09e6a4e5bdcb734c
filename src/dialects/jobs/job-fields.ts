// The fields of a job that `wait` can be asked for, by Ganeti's names.
import Type from 'typebox';
import { JobRecord } from '../../../schemas/job.js';

type ReadField = (record: JobRecord) => unknown;

// The priority of a job is the priority of each of its opcodes.
const DERIVED: [string, ReadField][] = [['oppriority', ({ ops, priority }) => ops.map(() => priority)]];

const FIELDS: ReadonlyMap<string, ReadField> = new Map([
  ...Object.keys(JobRecord.properties).map((name): [string, ReadField] => [name, (record) => record[name as keyof JobRecord]]),
  ...DERIVED,
]);

export const JobField = Type.Enum([...FIELDS.keys()], { description: "a field of a job, or `oppriority`: each opcode's priority" });

/** The record's values of these fields, in their order. */
export const fieldsOf = (record: JobRecord, fields: string[]): unknown[] => fields.map((field) => FIELDS.get(field)?.(record));
