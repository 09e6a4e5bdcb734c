// What an exclusive lock in ZooKeeper adds to a job.
import { figuresOf, type Figure } from '../figure.js';
import { latencyOf, preferring, startLatencyFloor } from '../latencies.js';
import { startGenerator } from '../load.js';
import { startApi, startWorker } from '../product.js';
import type { FloorLocksArgument, FloorLocksMethods } from '../programs/floor-locks.js';
import { median, takeTurns } from '../rounds.js';
import type { Stage } from '../stage.js';

const ROUNDS = 5;
const BATCH = 150;
/** A lock is given back after its job's end is told: with one VM, the next job could meet the lock of the one before. */
const VMS = 10;

const vmOf = (turn: number) => `00000000-0000-4000-8000-${String(turn % VMS).padStart(12, '0')}`;

export async function measureLocks(stage: Stage): Promise<Figure[]> {
  const [{ url: redisUrl }, zookeeper] = await Promise.all([stage.redis(), stage.zookeeper()]);
  const { url } = (await startApi(stage, { redisUrl, zookeeper })).ready;
  await startWorker(stage, { redisUrl, zookeeper });
  const bare = await startLatencyFloor(stage, redisUrl);
  const floor = await stage.program<undefined, FloorLocksMethods>('floor-locks', { argument: { zookeeper } satisfies FloorLocksArgument });
  const generator = await startGenerator(stage);
  const ms = await takeTurns(ROUNDS, {
    locked: () => latencyOf(generator, url, (turn) => preferring([vmOf(turn)])),
    unlocked: () => latencyOf(generator, url, () => preferring()),
    bare,
    calls: async () => median(await floor.call('run', BATCH)),
  });
  const figure = figuresOf('locks');
  return [
    figure({
      what: 'a no-op job under one VM lock, ms (floor: bare job + bare lock)',
      value: ms.locked,
      floor: ms.bare + ms.calls,
      atMost: 2,
    }),
    // The lock is given back after the answer, so this may be below 1.
    figure({
      what: 'what the lock adds to the job, ms (floor: create, get children, delete)',
      value: ms.locked - ms.unlocked,
      floor: ms.calls,
    }),
  ];
}
