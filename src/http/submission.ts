// A mutation's way into the queue: its opcodes are checked, queued, and waited for if the client prefers that.
import type { Depends, JobRecord, Opcode } from '../../schemas/job.js';
import { admit } from '../admission/admit.js';
import { ClassifiedError } from '../errors/classified-error.js';
import type { Submission } from '../jobs/job-desk.js';
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

/** A request's values: as their schema leaves them, and before that. */
interface Asked {
  values: Values;
  asSent: Values;
}

/** Values of every submission, as their schema leaves them. */
interface Common {
  dry_run?: boolean;
  priority?: number;
  depends?: Depends;
  reason?: string;
}

interface Prepared {
  submission: Omit<Submission, 'idempotency'>;
  message: string;
}

/** The opcodes, as `admit` leaves them; what it refuses is told by the names that the request used. */
function admitted(route: MutationRoute, asked: Opcode[], pointerTo?: (index: number) => string): Opcode[] {
  if (route.opcodesGiven === true) return admit(asked, pointerTo);
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

function prepared(route: MutationRoute, user: string, values: Values, pointerTo?: (index: number) => string): Prepared {
  const { dry_run: dryRun = false, priority = 0, depends = [], reason = null } = values as Common;
  const ops = admitted(route, route.ops(values), pointerTo);
  const message = route.message(values, ops);
  return { submission: { ops, user, reason, priority, depends, dryRun }, message: dryRun ? `Dry run: ${message}` : message };
}

/** One job, or those of a list of submissions. */
function preparedAll(route: MutationRoute, user: string, { values, asSent }: Asked): Prepared[] {
  const several = route.several?.(values);
  if (several === undefined) return [prepared(route, user, values)];
  const beside = Object.keys(asSent).filter((name) => name !== 'jobs');
  if (beside.length > 0) throw wrongInput(beside.map((name) => ({ pointer: `/${name}`, message: 'is given with each of the jobs' })));
  return several.map((one, place) => prepared(route, user, one, (index) => `/jobs/${place}/ops/${index}`));
}

async function accept(route: MutationRoute, services: Services, user: string, asked: Asked, request: Request) {
  const key = idempotencyKey(request.header('Idempotency-Key'));
  const all = preparedAll(route, user, asked);
  const own = all.length === 1 ? (all[0]?.message ?? '') : `Queued ${all.length} jobs.`;
  const sent = { method: route.method, path: route.path, values: asked.asSent };
  const { jobs, message = own } = await services.jobs.submitTogether(
    all.map(({ submission }) => submission),
    key === undefined ? undefined : { key, request: sent, message: own },
  );
  return { jobs, message };
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

/** Submits what the route asks for. Throws wrong_input, and what JobDesk.submit throws; then nothing is queued. */
export async function submit(
  route: MutationRoute,
  services: Services,
  user: string,
  asked: Asked,
  request: Request,
): Promise<SubmissionAnswer> {
  const { jobs, message } = await accept(route, services, user, asked, request);
  const [job = 0] = jobs;
  if (route.several?.(asked.values) !== undefined) return { status: 202, headers: {}, body: { jobs, message }, job };
  const accepted = { job, message };
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
