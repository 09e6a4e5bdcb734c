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
const SECONDS = 0.7;
/** Few, so that a round of long answers does not end long after its time. */
const CONNECTIONS = 4;
const ALL = '/api/v1/vm';
const ONE = `${ALL}/${vmName(42)}`;
/** What one VM's GET may lose from the smallest cluster to the largest, before it depends on the number of VMs. */
const INDEPENDENT = 0.9;

const product = (vms: number) => `product with ${vms} VMs`;
const bare = (vms: number) => `floor with ${vms} VMs`;

export async function measureRead(stage: Stage): Promise<Figure[]> {
  const { url: redisUrl } = await stage.redis();
  const generator = await startGenerator(stage);
  const urls: { side: string; url: string }[] = [];
  for (const vms of SIZES) {
    const apiUrl = (await startApi(stage, { redisUrl }, { vms })).ready.url;
    const argument = { apiUrl, token: TOKEN, paths: [ALL, ONE] } satisfies FloorReadArgument;
    const floor = await stage.program<FloorReadReady, object>('floor-read', { argument });
    urls.push({ side: product(vms), url: apiUrl }, { side: bare(vms), url: floor.ready.url });
  }
  const rates = async (path: string): Promise<Record<string, number>> => {
    const load = { request: reading(path), connections: CONNECTIONS, seconds: SECONDS };
    return await takeTurns(ROUNDS, Object.fromEntries(urls.map(({ side, url }) => [side, () => generator.call('rate', { url, ...load })])));
  };
  // Not in one go: what long answers leave to collect would be the next short one's cost.
  const one = await rates(ONE);
  const all = await rates(ALL);

  const figure = figuresOf('read');
  const compared = (measured: Record<string, number>, what: string) =>
    SIZES.map((vms) =>
      figure({
        what: `GET ${what} with ${vms} VMs, a second`,
        value: measured[product(vms)] ?? 0,
        floor: measured[bare(vms)] ?? 0,
        atLeast: 0.7,
      }),
    );
  const [smallest, largest] = [Math.min(...SIZES), Math.max(...SIZES)];
  return [
    ...compared(all, '/api/v1/vm'),
    ...compared(one, '/api/v1/vm/<vm>'),
    figure({
      what: `GET /api/v1/vm/<vm> with ${largest} VMs, a second (floor: with ${smallest})`,
      value: one[product(largest)] ?? 0,
      floor: one[product(smallest)] ?? 0,
      atLeast: INDEPENDENT,
    }),
    await generatorFigure('read', generator),
  ];
}
