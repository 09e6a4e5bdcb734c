// What it costs to let many clients wait for many jobs, and how soon they hear.
import { setTimeout as pause } from 'node:timers/promises';
import { keysOf } from '../../../src/jobs/keys.js';
import { until } from '../../lab/until.js';
import { figuresOf, type Figure } from '../figure.js';
import { startGenerator } from '../load.js';
import { reading, startApi, startWorker, submitting, type Api } from '../product.js';
import type { Stage } from '../stage.js';

const JOBS = 500;
const CLIENTS_A_JOB = 10;
const WAITERS = JOBS * CLIENTS_A_JOB;
const PREFIX = '{rapid}';
const LOOK_MS = 500;
/** CPU time within one look of a process that has nothing to do but its housekeeping. */
const IDLE_CPU_MS = 25;

export async function measureWaiters(stage: Stage): Promise<Figure[]> {
  const { url: redisUrl, client } = await stage.redis();
  const settings = { redisUrl, prefix: PREFIX };
  const api = await startApi(stage, settings, { node: ['--expose-gc'] });
  const { url } = api.ready;
  const generator = await startGenerator(stage);

  /** Submits the jobs and lets so many clients wait for each of them. */
  const submitAll = async () => {
    await generator.call('times', { url, request: submitting(), connections: 32, count: JOBS });
    return await client.zrange(keysOf(PREFIX).index('status:queued'), 0, '-1');
  };
  const letWait = async (jobs: string[], clients: number) => {
    const requests = jobs.map((job) => reading(`/jobs/${job}/wait?until=done&timeout=60`));
    await generator.call('wait', { url, requests, clients });
    await untilIdle(api);
  };

  // Once on a small scale: what is compiled and grown on first use is no waiter's cost.
  await letWait(await submitAll(), 1);
  const first = await startWorker(stage, settings);
  await generator.call('woken');
  await first.close();

  const jobs = await submitAll();
  const before = await api.call('settledMemory');
  await letWait(jobs, CLIENTS_A_JOB);
  const after = await api.call('settledMemory');
  const subscribers = String(await client.client('LIST', 'TYPE', 'PUBSUB'))
    .trim()
    .split('\n').length;

  await startWorker(stage, settings);
  const lastLateMs = await generator.call('woken');
  const figure = figuresOf('waiters');
  return [
    figure({
      what: `resident memory of the API a waiter, ${WAITERS} on ${JOBS} jobs, KB`,
      value: (after - before) / WAITERS / 1000,
      atMost: 20,
    }),
    figure({ what: "from a job's end to its last waiter's answer, ms at most", value: lastLateMs, atMost: 1000 }),
    figure({ what: 'Redis connections for events', value: subscribers, atMost: 1 }),
  ];
}

/** Nothing tells that a request has come to wait, but that the process has nothing left to do does. */
async function untilIdle(api: Api): Promise<void> {
  await until('all clients to wait', async () => {
    const before = await api.call('cpuMs');
    await pause(LOOK_MS);
    return (await api.call('cpuMs')) - before < IDLE_CPU_MS;
  });
}
