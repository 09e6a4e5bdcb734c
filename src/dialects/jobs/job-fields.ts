// The fields of a job that `wait` can be asked for, by Ganeti's names.
import Type from 'typebox';
import { JobRecord } from '../../../schemas/job.js';

export const JobField = Type.Enum([...Object.keys(JobRecord.properties), 'oppriority'], {
  description: "a field of a job, or `oppriority`: each opcode's priority",
});

/** The record's values of these fields, in their order. */
export function fieldsOf(record: JobRecord, fields: string[]): unknown[] {
  // The priority of a job is the priority of each of its opcodes.
  const values: Record<string, unknown> = { ...record, oppriority: record.ops.map(() => record.priority) };
  return fields.map((field) => values[field]);
}
