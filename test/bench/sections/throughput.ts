// How many jobs a second one worker gets through.
import { loadConfig } from '../../../src/config/load-config.js';
import { keysOf } from '../../../src/jobs/keys.js';
import { until } from '../../lab/until.js';
import { figuresOf, type Figure } from '../figure.js';
import { generatorFigure, startGenerator } from '../load.js';
import { startApi, startWorker, submitting } from '../product.js';
import type { FloorSubmitArgument, FloorSubmitReady } from '../programs/floor-submit.js';
import type { FloorProducerArgument, FloorProducerMethods } from '../programs/floor-producer.js';
import type { FloorWorkerArgument, FloorWorkerMethods } from '../programs/floor-worker.js';
import { takeTurns } from '../rounds.js';
import type { Stage } from '../stage.js';

const JOBS = 5000;
const CONNECTIONS = 32;
const ROUNDS = 3;
const PREFIX = '{rapid}';
const CONCURRENCY = loadConfig({}).worker.open_jobs;
const BARE = 'floor-throughput';

const now = () => performance.timeOrigin + performance.now();
const perSecond = (begunMs: number, endedMs: number) => (JOBS * 1000) / (endedMs - begunMs);

export async function measureThroughput(stage: Stage): Promise<Figure[]> {
  const { url: redisUrl, client } = await stage.redis();
  const ended = `${keysOf(PREFIX).prefix}:ended`;
  const producer = (name: string, prefix: string) =>
    stage.program<undefined, FloorProducerMethods>('floor-producer', {
      argument: { redisUrl, name, prefix } satisfies FloorProducerArgument,
    });

  const api = await startApi(stage, { redisUrl, prefix: PREFIX });
  await startWorker(stage, { redisUrl, prefix: PREFIX });
  // Not to add to it, but to hold it back: the product's queue is a BullMQ queue of this name.
  const ours = await producer('jobs', PREFIX);
  const bare = await producer(BARE, 'bull');
  const bareHttp = await stage.program<FloorSubmitReady, object>('floor-submit', {
    argument: { redisUrl, name: BARE } satisfies FloorSubmitArgument,
  });
  const bareWorker = await stage.program<undefined, FloorWorkerMethods>('floor-worker', {
    argument: { redisUrl, name: BARE, concurrency: CONCURRENCY } satisfies FloorWorkerArgument,
  });
  const generator = await startGenerator(stage);

  const submitAll = (url = api.ready.url) => generator.call('times', { url, request: submitting(), connections: CONNECTIONS, count: JOBS });
  /** When the last of the next jobs ended: their times of end stand in the product's own index of ended jobs. */
  const lastEnd = async (before: number) => {
    await until('the end of all jobs', async () => (await client.zcard(ended)) === before + JOBS, { within: 60_000, every: 10 });
    return Number((await client.zrange(ended, 0, '0', 'REV', 'WITHSCORES'))[1]);
  };

  const rate = await takeTurns(ROUNDS, {
    product: async () => {
      const before = await client.zcard(ended);
      return perSecond(await submitAll(), await lastEnd(before));
    },
    floor: async () => {
      const last = bareWorker.call('ended', JOBS);
      const begunMs = now();
      await bare.call('add', JOBS);
      return perSecond(begunMs, await last);
    },
    floorOverHttp: async () => {
      const last = bareWorker.call('ended', JOBS);
      return perSecond(await submitAll(bareHttp.ready.url), await last);
    },
    productDraining: async () => {
      const before = await client.zcard(ended);
      await ours.call('pause');
      await submitAll();
      const begunMs = now();
      await ours.call('resume');
      return perSecond(begunMs, await lastEnd(before));
    },
    floorDraining: async () => {
      await bare.call('pause');
      await bare.call('add', JOBS);
      const last = bareWorker.call('ended', JOBS);
      const begunMs = now();
      await bare.call('resume');
      return perSecond(begunMs, await last);
    },
  });
  const figure = figuresOf('throughput');
  return [
    figure({
      what: `${JOBS} no-op jobs, first submit to last end, a second (floor: no HTTP)`,
      value: rate.product,
      floor: rate.floor,
      atLeast: 0.4,
    }),
    figure({ what: 'the same (floor: submitted through a bare handler)', value: rate.product, floor: rate.floorOverHttp }),
    figure({ what: 'all accepted before the worker begins, a second', value: rate.productDraining, floor: rate.floorDraining }),
    await generatorFigure('throughput', generator),
  ];
}
