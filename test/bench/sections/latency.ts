// How long it takes from submitting a job that does nothing to knowing its end, over HTTP.
import { figuresOf, type Figure } from '../figure.js';
import { askingTwice, latencyOf, preferring, startLatencyFloor } from '../latencies.js';
import { startGenerator } from '../load.js';
import { startApi, startWorker } from '../product.js';
import { takeTurns } from '../rounds.js';
import type { Stage } from '../stage.js';

const ROUNDS = 5;

export async function measureLatency(stage: Stage): Promise<Figure[]> {
  const { url: redisUrl } = await stage.redis();
  const { url } = (await startApi(stage, { redisUrl })).ready;
  await startWorker(stage, { redisUrl });
  const floor = await startLatencyFloor(stage, redisUrl);
  const generator = await startGenerator(stage);
  const ms = await takeTurns(ROUNDS, {
    preferred: () => latencyOf(generator, url, () => preferring()),
    asked: () => latencyOf(generator, url, askingTwice),
    floor,
  });
  const figure = figuresOf('latency');
  return [
    figure({ what: 'a no-op job with Prefer: wait=10, ms', value: ms.preferred, floor: ms.floor, atMost: 3 }),
    figure({ what: 'a no-op job with POST and GET …/wait, ms', value: ms.asked, floor: ms.floor, atMost: 3 }),
  ];
}
