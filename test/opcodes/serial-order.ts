// Two jobs about one thing, the first of them disturbed in the middle of a step: the outcome must be that of one after the other. What one
// after the other gives is found out by running them so, alone, in a world of their own.
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { isFinal, type JobRecord, type Opcode } from '../../schemas/job.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import type { StepContext } from '../../workers/engine/opcode.js';
import { startCluster, type ClusterOptions, type TestCluster } from '../harness/cluster.js';
import type { Draw } from '../harness/draw.js';
import { intervene, type Moment } from '../harness/interventions.js';
import type { Snapshot } from '../harness/snapshot.js';
import { standstill } from '../harness/standstill.js';
import { patience } from '../lab/patience.js';
import { inTurn } from './rehearsal.js';
import { fewAtATime } from '../../workers/composition/few-at-a-time.js';

/** What is asked first, of a place that is made for it. */
export interface First<Place> extends Second<Place> {
  /** What it has done for good by then stays when it is cancelled: so it is not. */
  keepsWhenCanceled?: boolean;
  /** The same for all that are made the same place for. */
  setting: unknown;
  /** Everything of the place bears its name or its UUID. */
  prepare(cluster: TestCluster, mark: Mark): Promise<Place>;
}

/** What is asked of the same place meanwhile. */
export interface Second<Place> {
  label: string;
  /** The same for all that ask for the same. */
  wish: string;
  op(place: Place): Opcode;
}

type Ask<Place> = Omit<Second<Place>, 'wish'>;

/** With what it asks for, as it would of this place. */
export const asking = <Place, A extends Ask<Place>>(ask: A & Ask<Place>, sample: Place): A & { wish: string } => ({
  ...ask,
  wish: JSON.stringify(ask.op(sample)),
});

/** Each wish once, whatever it was thought for. */
export const distinct = <Place>(seconds: readonly Ask<Place>[], sample: Place): Second<Place>[] => [
  ...new Map(seconds.map((second) => asking(second, sample)).map((second) => [second.wish, second])).values(),
];

/** A sort of resource, and what is asked of it. */
export interface Stage<Place> {
  options: Omit<ClusterOptions, 'redisUrl'>;
  firsts: readonly First<Place>[];
  seconds: readonly Second<Place>[];
  /** Whether the two can be tried together; all can unless it says so. */
  suits?(first: string, second: string): boolean;
  /** What stands at the place, in a snapshot of nothing else, without what differs between two places that are alike otherwise. */
  stand(snapshot: Snapshot, mark: Mark): unknown;
  /** Given where a place is a whole cluster: how many takes there are of each disturbance, as each costs a cluster of its own. */
  apart?: number;
  /** What became of each part of a large thing stands in the result, and depends on the moment; only success or the class of failure counts. */
  resultsVary?: boolean;
}

/** What tells one place from another: no mark is a part of another one. */
export interface Mark {
  name: string;
  uuid: string;
}

export const DISTURBANCES = [
  'its worker is killed',
  'its session expires',
  'it is cancelled when its worker is gone',
  'its worker stands still',
] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

/** One run of two jobs. */
export interface Take<Place> {
  first: First<Place>;
  second: Second<Place>;
  /** Where the first one is held when it is disturbed. */
  at: Moment;
  /** Whether the second one is there before that, or comes after it. */
  waits: boolean;
}

/** What became of the place, and what the jobs told. */
interface Outcome {
  stand: unknown;
  first: unknown;
  second: unknown;
}

const markOf = (number: number): Mark => ({
  name: `place-${number}x`,
  uuid: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
});
/** A place may have several UUIDs. */
const MARKS = /place-(\d+)x|00000000-0000-4000-800\d-(\d{12})/g;

const endsMs = () => patience(60_000);

const secondsOf = <Place>({ seconds, suits = () => true }: Stage<Place>, first: First<Place>): Second<Place>[] =>
  seconds.filter((second) => suits(first.label, second.label));

const APART_AT_A_TIME = 6;

/** Has all of them in one cluster, or each in one of its own, which is closed at once. */
async function inClusters<Place, Item, Result>(
  redisUrl: string,
  { options, apart }: Stage<Place>,
  items: readonly Item[],
  run: (cluster: TestCluster, items: readonly Item[]) => Promise<Result[]>,
): Promise<Result[]> {
  if (apart === undefined) return await run(await startCluster({ redisUrl, ...options }), items);
  const turn = fewAtATime(APART_AT_A_TIME);
  const alone = async (item: Item) => {
    const cluster = await startCluster({ redisUrl, ...options });
    const [result] = await run(cluster, [item]);
    await cluster.closing.close();
    return result as Result;
  };
  return await Promise.all(items.map((item) => turn(() => alone(item))));
}

/**
 * For each disturbance, takes in which every first is held at each side of each of its steps; all of them together have every pair. The rest
 * is drawn.
 */
export async function drawTakes<Place>(redisUrl: string, stage: Stage<Place>, draw: Draw): Promise<Map<Disturbance, Take<Place>[]>> {
  const takes = new Map(DISTURBANCES.map((disturbance): [Disturbance, Take<Place>[]] => [disturbance, []]));
  const momentsOf = await everyMoment(redisUrl, stage);
  for (const first of stage.firsts) {
    const dealt = draw.shuffled(secondsOf(stage, first));
    for (const [index, disturbance] of DISTURBANCES.entries()) {
      if (first.keepsWhenCanceled === true && disturbance === 'it is cancelled when its worker is gone') continue;
      const moments = draw.shuffled(momentsOf(first));
      const mine = dealt.filter((_, position) => position % DISTURBANCES.length === index);
      for (let count = 0; count < Math.max(moments.length, mine.length); count++) {
        const second = mine[count] ?? dealt[draw.below(dealt.length)];
        const at = moments[count % moments.length];
        if (second !== undefined && at !== undefined) takes.get(disturbance)?.push({ first, second, at, waits: draw.below(2) === 0 });
      }
    }
  }
  const { apart } = stage;
  if (apart === undefined) return takes;
  return new Map([...takes].map(([disturbance, all]) => [disturbance, draw.shuffled(all).slice(0, apart)]));
}

/** Both sides of each step of each first, as dry runs tell the steps. */
async function everyMoment<Place>(redisUrl: string, stage: Stage<Place>): Promise<(first: First<Place>) => Moment[]> {
  const marks = marking(stage);
  const moments = await inClusters(redisUrl, stage, stage.firsts, async (cluster, firsts) => {
    await cluster.addWorker();
    const dryRuns = await inTurn(
      firsts,
      async ({ op, prepare }) => await cluster.submit(op(await prepare(cluster, marks.next())), { dryRun: true }),
    );
    const records = await Promise.all(dryRuns.map((job) => cluster.end(job)));
    return records.map(({ opresult: [result] }) => {
      const { steps = [] } = result as { steps?: string[] };
      return steps.flatMap((_, step): Moment[] => [`run ${step} before`, `run ${step} after`]);
    });
  });
  return (first) => moments[stage.firsts.indexOf(first)] ?? [];
}

/** By `first then second`, and so on. */
export interface SerialOrders {
  firstThenSecond: Outcome;
  secondThenFirst: Outcome;
  /** When there was no first one. */
  secondAlone: Outcome;
}

/** What the first and the second of each take give one after the other, each order found out once. */
export async function serialOrders<Place>(
  redisUrl: string,
  stage: Stage<Place>,
  takes: readonly Take<Place>[],
): Promise<(take: Take<Place>) => SerialOrders> {
  const marks = marking(stage);
  const settings = [...new Set(stage.firsts.map(({ setting }) => setting))];
  const keyOf = ({ setting }: First<Place>, ...wishes: Second<Place>[]) =>
    `${settings.indexOf(setting)}: ${wishes.map(({ wish }) => wish).join(' | ')}`;
  const orders = takes.flatMap(({ first, second }): [string, First<Place>, Second<Place>[]][] =>
    [[first, second], [second, first], [second]].map((wishes) => [keyOf(first, ...wishes), first, wishes]),
  );
  const different = new Map(orders.map((order) => [order[0], order]));
  const outcomes = await inClusters(redisUrl, stage, [...different.values()], async (cluster, some) => {
    const runs = await inTurn(some, async ([, { prepare }, [one, other]]) => {
      const mark = marks.next();
      const place = await prepare(cluster, mark);
      const before = await cluster.submit((one as Second<Place>).op(place));
      return { mark, first: before, second: other && (await cluster.submit(other.op(place), { depends: [[before, []]] })) };
    });
    // Few at a time, so that none of them waits long for a turn of the process, and no command to Redis is given up.
    await cluster.addWorker({ openJobs: 50 });
    return await outcomesOf(cluster, stage, runs);
  });
  const known = new Map([...different.keys()].map((key, index) => [key, outcomes[index] as Outcome]));
  return ({ first, second }) => {
    const outcomeOf = (...wishes: Second<Place>[]) => known.get(keyOf(first, ...wishes)) as Outcome;
    const [backwards, alone] = [outcomeOf(second, first), outcomeOf(second)];
    return {
      firstThenSecond: outcomeOf(first, second),
      secondThenFirst: { stand: backwards.stand, first: backwards.second, second: backwards.first },
      secondAlone: { stand: alone.stand, first: undefined, second: alone.first },
    };
  };
}

/** What became of a take, and what was done there meanwhile. */
export interface Disturbed {
  outcome: Outcome;
  deeds: string[];
}

/** Runs all takes side by side. */
export const disturbed = async <Place>(
  redisUrl: string,
  stage: Stage<Place>,
  disturbance: Disturbance,
  takes: readonly Take<Place>[],
): Promise<Disturbed[]> =>
  await inClusters(redisUrl, stage, takes, async (cluster, some) => await disturbedIn(cluster, stage, disturbance, some));

async function disturbedIn<Place>(
  cluster: TestCluster,
  stage: Stage<Place>,
  disturbance: Disturbance,
  takes: readonly Take<Place>[],
): Promise<Disturbed[]> {
  const wrapped = intervene(opcodes);
  const { hold, letGo, jobs: standing } = standstill('never');
  /** Whoever takes the job up goes on. */
  const firstTime = async (context: StepContext) => {
    if (!standing.has(context.job)) await hold(context);
  };
  const marks = marking(stage);
  const firsts = await inTurn(takes, async ({ first, second, at, waits }) => {
    const mark = marks.next();
    const place = await first.prepare(cluster, mark);
    const job = await cluster.submit(first.op(place));
    wrapped.in.set(job, { at: { [at]: firstTime } });
    return { mark, job, waits, op: second.op(place) };
  });
  const doomed = await cluster.addWorker({ opcodes: wrapped.opcodes, openJobs: 3 * takes.length });
  await expect.poll(() => standing.size, { timeout: patience(60_000) }).toBe(takes.length);
  await cluster.addWorker();
  const begun = async (jobs: readonly number[]) => {
    const statuses = await Promise.all(jobs.map(async (job) => (await cluster.desk.read(job))?.status));
    return statuses.every((status) => status !== 'queued');
  };
  const seconds = new Map<number, number>();
  const submitSeconds = async (waiting: boolean) => {
    for (const { job, op, waits } of firsts) if (waits === waiting) seconds.set(job, await cluster.submit(op));
    await expect.poll(() => begun([...seconds.values()]), { timeout: patience(60_000) }).toBe(true);
  };
  const jobs = firsts.map(({ job }) => job);
  await submitSeconds(true);
  await disturb(cluster, doomed, disturbance, jobs);
  await submitSeconds(false);
  if (disturbance !== 'its session expires') {
    const takenUp = async () => {
      const epochs = await Promise.all(jobs.map((job) => cluster.redis.hget(cluster.keys.job(job), 'epoch')));
      return epochs.every((epoch) => Number(epoch) > 1);
    };
    await expect.poll(takenUp, { timeout: patience(60_000) }).toBe(true);
  }
  letGo();
  const runs = firsts.map(({ mark, job }) => ({ mark, first: job, second: seconds.get(job) }));
  const outcomes = await outcomesOf(cluster, stage, runs);
  if (disturbance !== 'its session expires') {
    const settled = await cluster.snapshot();
    await doomed.comeBack();
    await doomed.close();
    expect(await cluster.snapshot()).toEqual(settled);
  }
  const isAbout =
    ({ name, uuid }: Mark) =>
    (deed: string) =>
      stage.apart !== undefined || deed.includes(name) || deed.includes(uuid);
  return outcomes.map((outcome, index) => ({ outcome, deeds: cluster.history.deeds.filter(isAbout(firsts[index]?.mark ?? markOf(0))) }));
}

async function disturb(
  { desk }: TestCluster,
  doomed: Awaited<ReturnType<TestCluster['addWorker']>>,
  disturbance: Disturbance,
  jobs: readonly number[],
): Promise<void> {
  if (disturbance === 'its session expires') await doomed.session.expire();
  else if (disturbance === 'its worker stands still') doomed.freeze();
  else await doomed.die();
  if (disturbance === 'it is cancelled when its worker is gone') await Promise.all(jobs.map((job) => desk.cancel(job, 0)));
}

/** Whether it is what one after the other gives. A job that was canceled or has failed has left what the other one leaves alone. */
export function isSerial(outcome: Outcome, { firstThenSecond, secondThenFirst, secondAlone }: SerialOrders): boolean {
  const { first, ...rest } = outcome;
  if (isDeepStrictEqual(first, ['canceled'])) return isDeepStrictEqual(rest, { stand: secondAlone.stand, second: secondAlone.second });
  return [firstThenSecond, secondThenFirst].some((order) => isDeepStrictEqual(outcome, order));
}

/** When both have ended. */
async function outcomesOf<Place>(
  cluster: TestCluster,
  stage: Stage<Place>,
  runs: readonly { mark: Mark; first: number | undefined; second: number | undefined }[],
): Promise<Outcome[]> {
  const ended = async (job: number | undefined) => (job === undefined ? undefined : await cluster.end(job, endsMs()));
  // One after the other: a thousand who wait would keep the process from the jobs.
  const records = await inTurn(runs, async ({ first, second }) => [await ended(first), await ended(second)] as const);
  const snapshot = await cluster.snapshot();
  const parts = byMark(snapshot);
  const nothing: Snapshot = { kept: {}, domains: {}, ceph: {} };
  return runs.map(({ mark }, index) => {
    const [first, second] = records[index] ?? [];
    const place = stage.apart === undefined ? (parts.get(mark.name) ?? nothing) : snapshot;
    return { stand: stage.stand(place, mark), first: told(stage, first, mark), second: told(stage, second, mark) };
  });
}

/** What a record tells: of a success its result, of a failure its class. */
function told<Place>({ resultsVary = false }: Stage<Place>, record: JobRecord | undefined, { name, uuid }: Mark): unknown {
  if (record === undefined) return undefined;
  if (!isFinal(record.status)) throw new Error(`job ${record.id} has not ended`);
  if (record.status !== 'success') {
    const [kind, [, errorClass] = []] = (Array.isArray(record.opresult[0]) ? record.opresult[0] : []) as [string?, [string?, string?]?];
    return record.status === 'canceled' ? ['canceled'] : ['error', kind, errorClass];
  }
  if (resultsVary) return ['success'];
  return [
    'success',
    withoutOthers(
      JSON.parse(
        JSON.stringify(record.opresult)
          .replaceAll(uuid, 'UUID')
          .replaceAll(name, 'NAME')
          .replaceAll(/"osd":\d+/g, '"osd":"ID"'),
      ),
    ),
  ];
}

/** Without what a list tells of another place. */
function withoutOthers(result: unknown): unknown {
  if (Array.isArray(result)) return result.filter((row) => JSON.stringify(row).match(MARKS) === null).map(withoutOthers);
  if (typeof result !== 'object' || result === null) return result;
  return Object.fromEntries(Object.entries(result).map(([key, value]) => [key, withoutOthers(value)]));
}

/** Places that are apart have all the same mark, so that they are alike to the letter. */
function marking<Place>({ apart }: Stage<Place>): { next(): Mark } {
  let last = 0;
  return { next: () => markOf(apart === undefined ? ++last : 1) };
}

/** The parts of a snapshot by the name of the place that they are about. */
function byMark(snapshot: Snapshot): Map<string, Snapshot> {
  const parts = new Map<string, Snapshot>();
  for (const kind of ['kept', 'domains', 'ceph'] as const) {
    for (const [key, value] of Object.entries(snapshot[kind])) {
      const text = `${key} ${JSON.stringify(value)}`;
      const names = new Set([...text.matchAll(MARKS)].map(([, named, numbered]) => markOf(Number(named ?? numbered)).name));
      for (const name of names) {
        const part = parts.get(name) ?? { kept: {}, domains: {}, ceph: {} };
        parts.set(name, part);
        Object.assign(part[kind], { [key]: value });
      }
    }
  }
  return parts;
}
