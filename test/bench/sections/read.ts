// How fast VMs are read, all and one, by the number of VMs that there are.
import { figuresOf, type Figure } from '../figure.js';
import { vmName } from '../fill-cluster.js';
import { generatorFigure, startGenerator } from '../load.js';
import { reading, startApi, TOKEN } from '../product.js';
import type { FloorReadArgument, FloorReadReady } from '../programs/floor-read.js';
import { takeTurns } from '../rounds.js';
import type { Stage } from '../stage.js';

const SIZES = [100, 1000, 10_000];
const ROUNDS = 3;
const SECONDS = 1;
/** Few, so that a round of long answers does not end long after its time. */
const CONNECTIONS = 4;
const ALL = '/api/v1/vm';
const ONE = `${ALL}/${vmName(42)}`;
/** What one VM's GET may lose from the smallest cluster to the largest, before it depends on the number of VMs. */
const INDEPENDENT = 0.9;

export async function measureRead(stage: Stage): Promise<Figure[]> {
  const { url: redisUrl } = await stage.redis();
  const generator = await startGenerator(stage);
  const sides: Record<string, () => Promise<number>> = {};
  for (const vms of SIZES) {
    const apiUrl = (await startApi(stage, { redisUrl }, { vms })).ready.url;
    const argument = { apiUrl, token: TOKEN, paths: [ALL, ONE] } satisfies FloorReadArgument;
    const floorUrl = (await stage.program<FloorReadReady, object>('floor-read', { argument })).ready.url;
    for (const [side, url] of [['product', apiUrl], ['floor', floorUrl]] as const) {
      for (const path of [ALL, ONE]) {
        sides[`${side} ${path} ${vms}`] = () => generator.call('rate', { url, request: reading(path), connections: CONNECTIONS, seconds: SECONDS });
      }
    }
  }
  const rates = await takeTurns(ROUNDS, sides);
  const rate = (side: string, path: string, vms: number) => rates[`${side} ${path} ${vms}`] as number;

  const figure = figuresOf('read');
  const read = (path: string, what: string) =>
    SIZES.map((vms) => figure({ what: `GET ${what} with ${vms} VMs, a second`, value: rate('product', path, vms), floor: rate('floor', path, vms), atLeast: 0.7 }));
  const [smallest, largest] = [Math.min(...SIZES), Math.max(...SIZES)];
  return [
    ...read(ALL, '/api/v1/vm'),
    ...read(ONE, '/api/v1/vm/<vm>'),
    figure({
      what: `GET /api/v1/vm/<vm> with ${largest} VMs, a second (floor: with ${smallest})`,
      value: rate('product', ONE, largest),
      floor: rate('product', ONE, smallest),
      atLeast: INDEPENDENT,
    }),
    await generatorFigure('read', generator),
  ];
}
