// How soon an API process is ready when the cluster is large.
import { openStore } from '../../../src/cluster/open-store.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { FILLED, fillCluster } from '../fill-cluster.js';
import { figuresOf, type Figure } from '../figure.js';
import { startApi } from '../product.js';
import type { FloorStartArgument, FloorStartReady } from '../programs/floor-start.js';
import { median, takeTurns } from '../rounds.js';
import type { Stage } from '../stage.js';

const VMS = 10_000;
const NODES = 100;
const ROUNDS = 3;
const ROOT = '/rapid';

export async function measureStart(stage: Stage): Promise<Figure[]> {
  const [{ url: redisUrl }, zookeeper] = await Promise.all([stage.redis(), stage.zookeeper()]);
  const store = await openStore(
    loadConfig({ RAPID_CLUSTER_STORE: 'zookeeper', RAPID_CLUSTER_ZOOKEEPER: zookeeper, RAPID_CLUSTER_ROOT: ROOT }),
  );
  stage.closing.add(() => store.close());
  await fillCluster(store, { vms: VMS, nodes: NODES });

  const loads = { product: [] as number[], floor: [] as number[] };
  const argument = { zookeeper, collections: FILLED.map((path) => ROOT + path) } satisfies FloorStartArgument;
  const ms = await takeTurns(ROUNDS, {
    product: async () => {
      const begunMs = performance.now();
      const api = await startApi(stage, { redisUrl, zookeeper });
      const readyMs = performance.now() - begunMs;
      loads.product.push(api.ready.loadMs);
      await api.close();
      return readyMs;
    },
    floor: async () => {
      const begunMs = performance.now();
      const floor = await stage.program<FloorStartReady, object>('floor-start', { argument });
      const readyMs = performance.now() - begunMs;
      if (floor.ready.znodes !== VMS + 2 * NODES) throw new Error(`the floor has read ${floor.ready.znodes} znodes`);
      loads.floor.push(floor.ready.loadMs);
      await floor.close();
      return readyMs;
    },
  });
  const figure = figuresOf('start');
  return [
    figure({
      what: `API ready with ${VMS} VMs and ${NODES} nodes, from the start of its process, ms`,
      value: ms.product,
      floor: ms.floor,
      atMost: 3,
    }),
    figure({ what: 'of it: connecting and loading, ms', value: median(loads.product), floor: median(loads.floor), atMost: 3 }),
  ];
}
