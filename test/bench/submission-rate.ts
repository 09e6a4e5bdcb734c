// The rate of submissions, beside that of a bare handler that adds to a bare queue of the same Redis.
import { figuresOf, type Figure } from './figure.js';
import { generatorFigure, startGenerator } from './load.js';
import { startApi, submitting } from './product.js';
import type { FloorSubmitArgument, FloorSubmitReady } from './programs/floor-submit.js';
import { takeTurns } from './rounds.js';
import type { Stage } from './stage.js';

const CONNECTIONS = 32;
const ROUNDS = 5;
const SECONDS = 1;

export async function submissionRate(stage: Stage, section: string, appendfsync: 'everysec' | 'always'): Promise<Figure[]> {
  const { url: redisUrl } = await stage.redis(appendfsync);
  const api = await startApi(stage, { redisUrl });
  const floor = await stage.program<FloorSubmitReady, object>('floor-submit', {
    argument: { redisUrl, name: 'floor-submit' } satisfies FloorSubmitArgument,
  });
  const generator = await startGenerator(stage);
  const load = { request: submitting(), connections: CONNECTIONS, seconds: SECONDS };
  const rate = await takeTurns(ROUNDS, {
    product: () => generator.call('rate', { url: api.ready.url, ...load }),
    floor: () => generator.call('rate', { url: floor.ready.url, ...load }),
  });
  return [
    figuresOf(section)({
      what: `POST /jobs, ${CONNECTIONS} connections, appendfsync ${appendfsync}, a second`,
      value: rate.product,
      floor: rate.floor,
      atLeast: 0.6,
    }),
    await generatorFigure(section, generator),
  ];
}
