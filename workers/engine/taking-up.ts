// What a worker makes of an opcode that is not fresh, or that it does not know, before it touches it: it counts how often workers died there,
// and leaves it to those who know it, as long as one of them lives.
import { livingWorkers } from '../../src/cluster/worker-announcements.js';
import type { Run } from '../../src/jobs/run.js';
import type { EngineParts } from './engine.js';
import type { Journal } from './journal.js';
import type { OpcodeDefinition } from './opcode.js';
import { failure, withRemains, type Outcome } from './outcome.js';
import { preparedIn, queuedField, type Prepared } from './prepared.js';
import { positionIn, standing } from './step-record.js';

interface Claimed {
  engine: EngineParts;
  run: Run;
  journal: Journal;
  index: number;
}

/** Another worker shall go on, and this one has left the job: it does not know the opcode, or not the version of it that was begun. */
export class LeftToOthers extends Error {}

/** How often workers have died at one place of a job. */
interface TakeUps {
  place: string;
  times: number;
}

/** Kept while a job goes from one worker that does not know its opcode to the next. */
interface Stranded {
  /** The opcode's place in the job, and what of it is not known. */
  index: number;
  what: string;
  /** Since when, in seconds of Redis' clock, no living worker knows it; null: one does. */
  since: number | null;
  /** Whether a worker that had the job died before the first of those who do not know it. */
  afterDeath: boolean;
}

const TAKEN_UP = 'taken_up';
const STRANDED = 'stranded';
/** For a worker that has handed the job over instead of dying. */
export const NOT_DIED = { [TAKEN_UP]: null };
/** How long a job that is left to others stands out of line, so that the same worker is not the next one to see it. */
const LATER_MS = 1000;

/** Where the opcode stands, in words. */
function placeOf(run: Run, index: number, prepared: Prepared | undefined): string {
  if (prepared === undefined) return 'before the first step';
  const { done, undoing } = positionIn(run, index);
  const { steps } = prepared;
  if (undoing !== undefined) return `at undoing step ${undoing.left.length} of ${steps.length}`;
  return `at step ${done.length + 1} of ${steps.length} ("${steps[done.length]?.name ?? 'result'}")`;
}

/** The end of an opcode with which nobody goes on. As long as no step can have begun, nothing was changed. */
function abandoned(run: Run, index: number, prepared: Prepared | undefined, message: string): Outcome {
  const given = { message, errorClass: 'environment_error' } as const;
  if (prepared === undefined || prepared.steps.length === 0) return failure('OpPrereqError', given);
  return withRemains(failure('OpExecError', given), '', standing(prepared.steps, positionIn(run, index)));
}

/** Whether a worker that had the job is gone, and this one the first to go on with it. */
export const isTakenUp = (run: Run): boolean =>
  (run.epoch > 1 && !run.wasParked) || run.note<Stranded | null>(STRANDED)?.afterDeath === true;

/** Writes down that, and where, the job is taken up; answers the opcode's end when too many workers have died there. */
export async function takeUp({ engine, run, journal, index }: Claimed): Promise<Outcome | undefined> {
  const prepared = preparedIn(run, index);
  const where = placeOf(run, index, prepared);
  const before = run.note<TakeUps | null>(TAKEN_UP);
  const place = `${index} ${where}`;
  const times = timesAt(place, before);
  await run.write({ fields: { [TAKEN_UP]: { place, times } satisfies TakeUps, [STRANDED]: null } });
  if (times > engine.takeUpLimit)
    return abandoned(run, index, prepared, `given up ${where}: ${times === 1 ? 'a worker' : `${times} workers in a row`} died there`);
  journal.log(`taken up by worker ${engine.worker} ${where}`);
  return undefined;
}

/** Null stands for a worker that has not died. */
function timesAt(place: string, before: TakeUps | null | undefined): number {
  if (before === null) return 0;
  return before?.place === place ? before.times + 1 : 1;
}

/** What this worker knows of the opcode; undefined when it cannot go on with it. */
export function definitionFor({ engine, run, index }: Claimed): OpcodeDefinition | undefined {
  const definition = engine.opcodes.get(idOf(run, index));
  return fits(definition?.version, preparedIn(run, index)) ? definition : undefined;
}

const idOf = (run: Run, index: number): string => run.spec.ops[index]?.OP_ID ?? '';

/** Only the version that has begun it goes on with it. */
const fits = (version: number | undefined, prepared: Prepared | undefined): boolean =>
  version !== undefined && (prepared === undefined || version === prepared.version);

/** Of an opcode that this worker does not know: throws LeftToOthers, or answers its end when no living worker has known it for a while. */
export async function leaveToOthers({ engine, run, journal, index }: Claimed): Promise<Outcome> {
  const id = idOf(run, index);
  const prepared = preparedIn(run, index);
  const what = prepared === undefined ? id : `version ${prepared.version} of ${id}`;
  const isKnown = (await livingWorkers(engine.store)).some(({ opcodes }) => fits(opcodes[id], prepared));
  const [nowS] = run.now();
  const noted = run.note<Stranded | null>(STRANDED);
  const before = noted?.what === what && noted.index === index ? noted : undefined;
  const since = isKnown ? null : (before?.since ?? nowS);
  if (since !== null && nowS - since >= engine.unknownOpcodeS) {
    const where =
      prepared === undefined ? '; are the workers older than the API?' : `, which was begun and stands ${placeOf(run, index, prepared)}`;
    return abandoned(run, index, prepared, `no living worker knows ${what}${where}`);
  }
  if (before === undefined || before.since !== since) {
    const hope = isKnown ? 'it is left to one that does' : `and no living worker does: one is waited for, for ${engine.unknownOpcodeS} s`;
    journal.log(`worker ${engine.worker} does not know ${what}; ${hope}`);
  }
  await journal.write({});
  const afterDeath = isTakenUp(run);
  const stranded: Stranded = { index, what, since, afterDeath };
  // Nobody knows where one that died had queued up.
  const queued = afterDeath ? { [queuedField(index)]: null } : {};
  await run.park({ fields: { [STRANDED]: stranded, ...queued } }, LATER_MS);
  throw new LeftToOthers(what);
}
