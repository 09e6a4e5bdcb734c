// The part of a job that never changes, as it is stored, and the marks by which the job is found in lists.
import { createHash } from 'node:crypto';
import { resourcesOf, summaryOf } from '../admission/summary.js';
import type { Depends, Opcode } from '../../schemas/job.js';
import { canonicalJson } from './canonical-json.js';
import type { Submission } from './job-desk.js';

export interface JobSpec {
  ops: Opcode[];
  summary: string[];
  user: string;
  reason: string | null;
  depends: Depends;
  dryRun: boolean;
  /** The job that submitted it. */
  parent: number | null;
}

export function specOf({ ops, user, reason, depends, dryRun }: Omit<Submission, 'idempotency'>, parent: number | null): JobSpec {
  return { ops, summary: ops.map(summaryOf), user, reason, depends, dryRun, parent };
}

export function marksOf({ ops, user }: Pick<Submission, 'ops' | 'user'>, parent: number | null): string[] {
  const marks = [
    `user:${user}`,
    ...(parent === null ? [] : [`parent:${parent}`]),
    ...ops.flatMap((op) => [`opcode:${op.OP_ID}`, ...resourcesOf(op).map((resource) => `resource:${resource}`)]),
  ];
  return [...new Set(marks)];
}

/** Equal for two requests that are equal as JSON, whatever the order of members. */
export function digestOf(request: unknown): string {
  return createHash('sha256').update(canonicalJson(request)).digest('base64');
}
