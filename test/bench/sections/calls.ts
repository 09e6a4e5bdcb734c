// How often Redis and ZooKeeper are asked for one job, when jobs are done one at a time.
import { figuresOf, type Figure } from '../figure.js';
import { startGenerator } from '../load.js';
import { startApi, startWorker, submitting } from '../product.js';
import type { FloorLatencyArgument, FloorLatencyMethods } from '../programs/floor-latency.js';
import type { RequestText } from '../programs/http-connection.js';
import type { FloorSubmitArgument, FloorSubmitReady } from '../programs/floor-submit.js';
import type { Stage } from '../stage.js';
import { countRedisCalls, countZooKeeperCalls, type RedisCalls } from '../watch-calls.js';

const JOBS = 200;
const WARM_UP = 20;
const LOCKED = '00000000-0000-4000-8000-000000000001';

export async function measureCalls(stage: Stage): Promise<Figure[]> {
  const [{ url: redisUrl, client }, zookeeper] = await Promise.all([stage.redis(), stage.zookeeper()]);
  const settings = { redisUrl, zookeeper };
  const generator = await startGenerator(stage);
  const figure = figuresOf('calls');

  const turns = (url: string, request: RequestText, count: number) =>
    generator.call('turns', { url, turns: Array.from({ length: count }, () => [request]) });
  const count = async (action: (jobs: number) => Promise<unknown>) => {
    await action(WARM_UP);
    let redis: RedisCalls = { sent: 0, run: 0 };
    const asked = await countZooKeeperCalls(zookeeper, async () => {
      redis = await countRedisCalls(client, () => action(JOBS));
    });
    return { ...redis, zookeeper: asked };
  };
  type Counted = Awaited<ReturnType<typeof count>>;
  const figures = (what: string, product: Counted, floor: Counted) => [
    figure({ what: `${what}: commands sent to Redis (floor: bare BullMQ)`, value: product.sent / JOBS, floor: floor.sent / JOBS }),
    figure({
      what: `${what}: commands run by Redis, scripts' included (floor: bare BullMQ)`,
      value: product.run / JOBS,
      floor: floor.run / JOBS,
    }),
    figure({ what: `${what}: requests to ZooKeeper`, value: product.zookeeper / JOBS }),
  ];

  const bareSubmit = await stage.program<FloorSubmitReady, object>('floor-submit', {
    argument: { redisUrl, name: 'floor-submit' } satisfies FloorSubmitArgument,
  });
  const bareAdded = await count((jobs) => turns(bareSubmit.ready.url, submitting(), jobs));
  await bareSubmit.close();
  const bare = await stage.program<undefined, FloorLatencyMethods>('floor-latency', {
    argument: { redisUrl } satisfies FloorLatencyArgument,
  });
  const bareDone = await count((jobs) => bare.call('run', jobs));
  await bare.close();

  const { url } = (await startApi(stage, settings)).ready;
  const submitted = await count((jobs) => turns(url, submitting(), jobs));
  await startWorker(stage, settings);
  const ended = await count((jobs) => turns(url, submitting({ prefer: 'wait=10' }), jobs));
  const locked = await count((jobs) => turns(url, submitting({ lock: [LOCKED], prefer: 'wait=10' }), jobs));
  return [
    ...figures('a job submitted', submitted, bareAdded),
    ...figures('a no-op job to its end', ended, bareDone),
    ...figures('a no-op job under one VM lock to its end', locked, bareDone),
  ];
}
