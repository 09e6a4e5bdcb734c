// Counts what servers are asked while something is done. The probes count what runs in the background too, which is little in so short a time.
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { ask } from '../lab/tcp.js';

export interface RedisCalls {
  /** Commands that clients sent; a script counts as one. */
  sent: number;
  /** Commands that were run, those inside scripts included. */
  run: number;
}

/** `INFO commandstats` would count both alike: MONITOR tells them apart. */
export async function countRedisCalls(redis: Redis, action: () => Promise<unknown>): Promise<RedisCalls> {
  const monitor = await redis.monitor();
  const calls = { sent: 0, run: 0 };
  const last = randomUUID();
  const seenAll = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, [, first]: string[], source: string) => {
      if (first === last) return resolve();
      calls.run++;
      if (source !== 'lua') calls.sent++;
    });
  });
  await action();
  await redis.echo(last);
  await seenAll;
  monitor.disconnect();
  return calls;
}

/** Requests that the server has received, pings included. */
export async function countZooKeeperCalls(connect: string, action: () => Promise<unknown>): Promise<number> {
  const before = await received(connect);
  await action();
  // The second question is received too.
  return (await received(connect)) - before - 1;
}

async function received(connect: string): Promise<number> {
  const [host = '', port] = connect.split(':');
  const answer = await ask(host, Number(port), { request: 'srvr', complete: /Mode: \w+\n/ });
  const count = /^Received: (\d+)$/m.exec(answer ?? '')?.[1];
  if (count === undefined) throw new Error(`ZooKeeper at ${connect} does not say what it has received`);
  return Number(count);
}
