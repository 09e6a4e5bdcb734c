// A mutation's way into the queue: its opcodes are checked, queued, and waited for if the client prefers that.
import type { Depends, JobRecord, Opcode } from '../../schemas/job.js';
import { admit } from '../admission/admit.js';
import { ClassifiedError } from '../errors/classified-error.js';
import { wrongInput } from '../validation/wrong-input.js';
import { idempotencyKey } from './idempotency-key.js';
import { outcomeOf } from './job-outcome.js';
import { preferredWaitS } from './prefer-wait.js';
import { problemAnswer } from './problem.js';
import type { MutationRoute, Request, Values } from './route.js';
import type { Services } from './services.js';

interface SubmissionAnswer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
  job: number;
}

/** Values of every submission, as their schema leaves them. */
interface Common {
  dry_run?: boolean;
  priority?: number;
  depends?: Depends;
  reason?: string;
}

interface Accepted {
  job: number;
  message: string;
}

/** The opcodes, as `admit` leaves them; what it refuses is told by the names that the request used. */
function admitted(route: MutationRoute, asked: Opcode[]): Opcode[] {
  if (route.opcodesGiven === true) return admit(asked);
  try {
    return admit(asked, () => '');
  } catch (error) {
    if (!(error instanceof ClassifiedError) || error.faults.length === 0) throw error;
    const { calls = {} } = route;
    throw wrongInput(
      error.faults.map(({ pointer, message }) => {
        const [, parameter = '', ...rest] = pointer.split('/');
        return { pointer: Object.hasOwn(calls, parameter) ? ['', calls[parameter], ...rest].join('/') : pointer, message };
      }),
    );
  }
}

async function accept(route: MutationRoute, services: Services, user: string, values: Values, request: Request): Promise<Accepted> {
  const { dry_run: dryRun = false, priority = 0, depends = [], reason = null } = values as Common;
  const asked = route.ops(values);
  const ops = admitted(route, asked);
  const key = idempotencyKey(request.header('Idempotency-Key'));
  const job = await services.jobs.submit({
    ops,
    user,
    reason,
    priority,
    depends,
    dryRun,
    ...(key === undefined ? {} : { idempotency: { key, request: { asked, dryRun, priority, depends, reason } } }),
  });
  const message = route.message(values, ops);
  return { job, message: dryRun ? `Dry run: ${message}` : message };
}

/** The job's record if it ends within that time. Whatever goes wrong with the waiting, the job is accepted and the client must learn its ID. */
async function endOf(job: number, waitS: number, { jobs, log }: Services, signal: AbortSignal): Promise<JobRecord | undefined> {
  try {
    return await jobs.waitForEnd(job, waitS * 1000, signal);
  } catch (error) {
    log.warn({ err: error, job }, 'waiting for the job failed');
    return undefined;
  }
}

/** Submits the route's opcodes as a job. Throws wrong_input, and what JobDesk.submit throws; then nothing is queued. */
export async function submit(
  route: MutationRoute,
  services: Services,
  user: string,
  values: Values,
  request: Request,
): Promise<SubmissionAnswer> {
  const accepted = await accept(route, services, user, values, request);
  const { job } = accepted;
  const headers: Record<string, string> = { Location: `/jobs/${job}` };
  const waitS = preferredWaitS(request.header('Prefer') ?? '');
  if (waitS === undefined) return { status: 202, headers, body: accepted, job };
  headers['Preference-Applied'] = `wait=${waitS}`;
  const ended = await endOf(job, waitS, services, request.signal);
  if (ended === undefined) return { status: 202, headers, body: accepted, job };
  const outcome = outcomeOf(ended);
  if ('result' in outcome) return { status: 200, headers, body: { ...accepted, result: outcome.result }, job };
  const problem = problemAnswer(outcome.failure, job);
  return { status: problem.status, headers: { ...problem.headers, ...headers }, body: problem.body, job };
}
