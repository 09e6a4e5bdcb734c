// Floor of a lock: the three ZooKeeper calls that an uncontended lock needs, one after the other, and nothing else.
import { openFloorZooKeeper } from './floor-zookeeper.js';
import { announce, argument } from './program.js';

export interface FloorLocksArgument {
  zookeeper: string;
}

export interface FloorLocksMethods {
  /** Takes and releases so many locks, one at a time; answers the milliseconds of each. */
  run(count: number): Promise<number[]>;
}

const { zookeeper } = argument<FloorLocksArgument>();
const client = await openFloorZooKeeper(zookeeper);
const ROOT = '/floor-locks';
await client.create(ROOT, '', 'persistent');

announce(undefined, {
  async run(count) {
    const taken: number[] = [];
    for (let lock = 0; lock < count; lock++) {
      const begunMs = performance.now();
      const path = await client.create(`${ROOT}/x-`, '{"job":1,"opcode":"OP_TEST_DELAY"}', 'queued');
      await client.children(ROOT);
      await client.remove(path);
      taken.push(performance.now() - begunMs);
    }
    return taken;
  },
} satisfies FloorLocksMethods);
