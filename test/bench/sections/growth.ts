// Whether submitting and listing cost more when many ended jobs are kept.
import { isDeepStrictEqual } from 'node:util';
import { copyJob } from '../copy-job.js';
import { figuresOf, type Figure } from '../figure.js';
import { generatorFigure, startGenerator, type Generator } from '../load.js';
import { reading, startApi, startWorker, submitting, TOKEN } from '../product.js';
import { takeTurns } from '../rounds.js';
import type { RedisServer, Stage } from '../stage.js';

const FEW = 1000;
const MANY = 200_000;
const ROUNDS = 3;
const SECONDS = 1;
const GOAL = 1.2;

export async function measureGrowth(stage: Stage): Promise<Figure[]> {
  const redis = await stage.redis();
  const generator = await startGenerator(stage);
  // Side by side in one Redis, each under its own prefix.
  const few = await startWithJobs(stage, redis, generator, FEW);
  const many = await startWithJobs(stage, redis, generator, MANY);
  const submit = { request: submitting(), connections: 32, seconds: SECONDS };
  const list = { request: reading('/jobs?bulk=1&limit=100'), connections: 4, seconds: SECONDS };
  const secondsEach = async (url: string, load: typeof submit) => 1 / (await generator.call('rate', { url, ...load }));
  // The lists first: they would begin with the jobs that are submitted here.
  const listing = await takeTurns(ROUNDS, { few: () => secondsEach(few, list), many: () => secondsEach(many, list) });
  const submission = await takeTurns(ROUNDS, { few: () => secondsEach(few, submit), many: () => secondsEach(many, submit) });
  const figure = figuresOf('growth');
  const compared = `with ${MANY} ended jobs, ms (floor: with ${FEW})`;
  return [
    figure({ what: `POST /jobs ${compared}`, value: submission.many * 1000, floor: submission.few * 1000, atMost: GOAL }),
    figure({ what: `GET /jobs?bulk=1&limit=100 ${compared}`, value: listing.many * 1000, floor: listing.few * 1000, atMost: GOAL }),
    await generatorFigure('growth', generator),
  ];
}

/** An API that keeps so many ended jobs: one that was run, and copies of it. Answers its URL. */
async function startWithJobs(stage: Stage, { url: redisUrl, client }: RedisServer, generator: Generator, count: number): Promise<string> {
  const prefix = `{${count}}`;
  const settings = { redisUrl, prefix, more: { RAPID_JOBS_KEEP_COUNT: String(2 * MANY) } };
  const { url } = (await startApi(stage, settings)).ready;
  const worker = await startWorker(stage, settings);
  await generator.call('turns', { url, turns: [[submitting({ prefer: 'wait=10' })]] });
  await worker.close();
  await copyJob(client, prefix, '1', count);
  await assertCopied(url, count);
  return url;
}

/** Throws unless the API answers the last copy as it answers the job that was run. */
async function assertCopied(url: string, count: number): Promise<void> {
  const [run, copy] = await Promise.all(
    [1, count].map(async (id) => {
      const response = await fetch(`${url}/jobs/${id}`, { headers: { Authorization: `Bearer ${TOKEN}` } });
      return (await response.json()) as object;
    }),
  );
  if (!isDeepStrictEqual({ ...run, id: count }, copy)) throw new Error('a copied job is not answered as the one that was run');
}
