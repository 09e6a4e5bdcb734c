// Floor of an API's start: a process that reads the same znodes once, with all requests in flight, and parses nothing.
import { openFloorZooKeeper } from './floor-zookeeper.js';
import { announce, argument } from './program.js';

export interface FloorStartArgument {
  zookeeper: string;
  /** The nodes whose children are read. */
  collections: string[];
}

export interface FloorStartReady {
  /** How many znodes it has read. */
  znodes: number;
  /** How long it took to connect and to read them. */
  loadMs: number;
}

const { zookeeper, collections } = argument<FloorStartArgument>();
const begunMs = performance.now();
const client = await openFloorZooKeeper(zookeeper);
const read = await Promise.all(
  collections.map(async (collection) => {
    const names = await client.children(collection);
    return await Promise.all(names.map((name) => client.read(`${collection}/${name}`)));
  }),
);

announce({ znodes: read.flat().length, loadMs: performance.now() - begunMs } satisfies FloorStartReady, {});
