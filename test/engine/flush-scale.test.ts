// What it costs to empty a node, counted in calls to the cluster's store and to Redis: it depends on the VMs of that node, not on the cluster.
import { expect, it } from 'vitest';
import type { MemorySession } from '../../src/cluster/memory/memory-session.js';
import { startCluster } from '../harness/cluster.js';
import { addGuest, newGuest } from '../harness/guests.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();
const VMS_PER_NODE = 50;
const MOST_GROWTH = 1.2;

interface Cost {
  storeCalls: number;
  redisCalls: number;
}

type CallName = 'get' | 'getPresent' | 'children' | 'commit' | 'putEphemeral' | 'createQueued' | 'discard';
const CALLS: CallName[] = ['get', 'getPresent', 'children', 'commit', 'putEphemeral', 'createQueued', 'discard'];

/** Counts what is called through this session from now on. */
function countCalls(session: MemorySession): () => number {
  let calls = 0;
  for (const name of CALLS) {
    const original = session[name].bind(session) as (...args: unknown[]) => unknown;
    const counting = (...args: unknown[]) => {
      calls += 1;
      return original(...args);
    };
    Object.assign(session, { [name]: counting });
  }
  return () => calls;
}

/** All commands that the server has run, also those of scripts. */
function commandsIn(info: string): number {
  return [...info.matchAll(/^cmdstat_[^:]+:calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

async function costOfFlush(nodeCount: number): Promise<Cost> {
  const nodes = Array.from({ length: nodeCount }, (_, index) => `hv${index + 1}`);
  const cluster = await startCluster({ redisUrl: redis().url, nodes });
  for (const node of nodes) {
    const names = Array.from({ length: VMS_PER_NODE }, (_, index) => `${node}-web${index}`);
    await Promise.all(names.map((name) => addGuest(cluster, newGuest(name), { node, state: 'start' })));
  }
  const worker = await cluster.addWorker();
  const storeCalls = countCalls(worker.session);
  const before = commandsIn(await cluster.redis.info('commandstats'));
  const job = await cluster.submit({ OP_ID: 'OP_NODE_FLUSH', node: 'hv1' });
  const record = await cluster.desk.waitForEnd(job, patience(120_000));
  const cost = { storeCalls: storeCalls(), redisCalls: commandsIn(await cluster.redis.info('commandstats')) - before };
  expect(record?.status).toBe('success');
  const [result] = (record?.opresult ?? []) as { vms: { error: string | null }[] }[];
  expect(result?.vms.map(({ error }) => error)).toEqual(Array.from({ length: VMS_PER_NODE }, () => null));
  await cluster.closing.close();
  return cost;
}

it('costs no more in a cluster that is ten times as large', { timeout: patience(300_000) }, async () => {
  const small = await costOfFlush(10);
  const large = await costOfFlush(100);
  const perVm = ({ storeCalls, redisCalls }: Cost) =>
    `${(storeCalls / VMS_PER_NODE).toFixed(1)} store calls and ${(redisCalls / VMS_PER_NODE).toFixed(1)} Redis calls a VM`;
  process.stdout.write(`10 nodes, 500 VMs: ${perVm(small)}; 100 nodes, 5000 VMs: ${perVm(large)}\n`);
  expect(large.storeCalls / small.storeCalls).toBeLessThan(MOST_GROWTH);
  expect(large.redisCalls / small.redisCalls).toBeLessThan(MOST_GROWTH);
});
