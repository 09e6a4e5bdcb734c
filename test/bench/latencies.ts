// Latencies of jobs that are done one at a time, as medians of a batch.
import type { Generator } from './load.js';
import type { RequestText } from './programs/http-connection.js';
import type { FloorLatencyArgument, FloorLatencyMethods } from './programs/floor-latency.js';
import { submitting, waitingForIt } from './product.js';
import { median } from './rounds.js';
import type { Stage } from './stage.js';

const BATCH = 250;

/** The median of a batch over HTTP; `requests` makes those of one job. */
export async function latencyOf(generator: Generator, url: string, requests: (turn: number) => RequestText[]): Promise<number> {
  return median(await generator.call('turns', { url, turns: Array.from({ length: BATCH }, (_, turn) => requests(turn)) }));
}

/** One request that is answered at the job's end. */
export const preferring = (lock: string[] = []): RequestText[] => [submitting({ lock, prefer: 'wait=10' })];
/** One request that submits and one that waits for the end. */
export const askingTwice = (): RequestText[] => [submitting(), waitingForIt];

/** Measures the bare latency: `queue.add` and `waitUntilFinished`. */
export async function startLatencyFloor(stage: Stage, redisUrl: string): Promise<() => Promise<number>> {
  const floor = await stage.program<undefined, FloorLatencyMethods>('floor-latency', {
    argument: { redisUrl } satisfies FloorLatencyArgument,
  });
  return async () => median(await floor.call('run', BATCH));
}
