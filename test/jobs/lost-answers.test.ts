// Redis did what it was told, and its answer was lost: nothing happens twice, and nobody is told what is not known.
import { expect, it, onTestFinished } from 'vitest';
import { openJobDesk } from '../../src/jobs/desk.js';
import { startTcpProxy } from '../cluster/tcp-proxy.js';
import { startCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

it('of a submission: the client hears that nobody knows, and its key leads to the one job', async () => {
  const { desk: other, keys } = await startCluster({ redisUrl: redis().url });
  const network = await startTcpProxy(new URL(redis().url).host);
  onTestFinished(() => network.close());
  const desk = await openJobDesk({ redisUrl: `redis://${network.address}`, prefix: keys.prefix, keepCount: 100, idempotencyS: 60 });
  onTestFinished(() => desk.close());
  const ops = [{ OP_ID: 'OP_TEST_DELAY', duration: 0 }];
  const submission = {
    ops,
    user: 'tester',
    reason: null,
    priority: 0,
    depends: [],
    dryRun: false,
    idempotency: { key: 'a', request: ops },
  };
  network.loseAnswers();
  const outcome = desk.submit(submission).catch((error: unknown) => error);
  await expect.poll(async () => (await other.list({ limit: 10 })).jobs.length).toBe(1);
  network.cut();
  expect(await outcome).toMatchObject({ errorClass: 'environment_error' });
  expect(await desk.submit(submission)).toBe(1);
  expect((await other.list({ limit: 10 })).jobs.map(({ id }) => id)).toEqual([1]);
});

it('of what a worker wrote: it writes it again, and it stands there once', async () => {
  const { addWorker, submit, end, desk } = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  const worker = await addWorker({ opcodes: gates.opcodes });
  const job = await submit(passGates(['here', 'open']));
  await gates.arrivals('here');
  worker.loseAnswers();
  gates.open('here');
  await expect.poll(async () => (await desk.read(job))?.progress[0]?.done).toBe(1);
  worker.cut();
  expect((await end(job)).status).toBe('success');
  const steps: string[] = [];
  for await (const event of desk.follow(job, 0, AbortSignal.timeout(patience(5000))))
    if (event.type === 'step') steps.push(`${event.step} ${event.phase}`);
  expect(steps).toEqual(['pass here begun', 'pass here finished', 'pass open begun', 'pass open finished']);
  expect(gates.events.filter(({ what }) => what === 'passed').map(({ gate }) => gate)).toEqual(['here', 'open']);
});
