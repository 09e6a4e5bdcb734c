// The laws of every opcode, for those that work on whole nodes: they fail without a trace (but what has moved stays), their steps can be
// repeated, and another worker goes on with them from any step.
import { expect, it } from 'vitest';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { standstill } from '../harness/standstill.js';
import { NODE_SCENARIOS, takeNode, type NodeScenario, type NodeTake } from './node-scenarios.js';

const redis = redisForFile();

const MOMENTS = NODE_SCENARIOS.flatMap((scenario) =>
  Array.from({ length: scenario.steps }, (_, index) => index).flatMap((index) =>
    (['before', 'after'] as const).map((when) => ({ scenario, opcode: scenario.opcode, moment: `run ${index} ${when}` satisfies Moment })),
  ),
);

const expectedOf = ({ domainState, runsOn }: NodeScenario) => ({ domainState, runsOn });

const fail = async (): Promise<never> => {
  throw new ClassifiedError('temp_insufficient_resources', 'as planned');
};

it.each(MOMENTS)('leaves no trace of $opcode when it fails at: $moment', async ({ scenario, moment }) => {
  const { cluster, addWorker, job, stand } = await takeNode(redis().url, scenario, moment, { at: { [moment]: fail } });
  const [before, kept] = [await stand(), await cluster.snapshot()];
  await addWorker();
  const record = await cluster.end(job);
  expect(record.opresult).toEqual([['OpExecError', ['as planned', 'temp_insufficient_resources']]]);
  const after = await stand();
  expect(after.domainState).toBe(before.domainState);
  if (!scenario.leavesMoved) expect((await cluster.snapshot()).kept).toEqual(kept.kept);
  const place = (guest: number) => (record.children.length > 0 ? scenario.runsOn[guest] : before.runsOn[guest]);
  expect(after.runsOn).toEqual([place(0), place(1)]);
});

it.each(NODE_SCENARIOS)('gives the same when every step of $opcode is run twice', async (scenario) => {
  const { cluster, addWorker, job, stand } = await takeNode(redis().url, scenario, 'twice', { twice: true });
  await addWorker();
  const record = await cluster.end(job);
  expect(record.status).toBe('success');
  expect(await stand()).toEqual(expectedOf(scenario));
  expect(record.progress[0]).toMatchObject({ done: scenario.steps, total: scenario.steps });
  const { jobs } = await cluster.desk.list({ limit: 100 });
  expect(jobs).toHaveLength(record.children.length + 1);
  expect(new Set(jobs.map(({ ops }) => JSON.stringify(ops))).size).toBe(jobs.length);
});

it('goes on in another worker from any step, and ends as if undisturbed', async () => {
  const { hold, letGo, count } = standstill();
  const takes: NodeTake[] = [];
  for (const { scenario, moment } of MOMENTS) takes.push(await takeNode(redis().url, scenario, moment, { at: { [moment]: hold } }));
  const doomed = await Promise.all(takes.map(({ addWorker }) => addWorker()));
  await expect.poll(count).toBe(takes.length);
  await Promise.all(doomed.map((worker) => worker.die()));
  await Promise.all(takes.map(({ cluster }) => cluster.addWorker()));
  const records = await Promise.all(takes.map(({ cluster, job }) => cluster.end(job, 60_000)));
  const standings = await Promise.all(takes.map(({ stand }) => stand()));
  for (const [index, { label, scenario, cluster }] of takes.entries()) {
    expect.soft([records[index]?.status, standings[index]], label).toEqual(['success', expectedOf(scenario)]);
    const { jobs } = await cluster.desk.list({ limit: 100 });
    expect.soft(jobs, label).toHaveLength(scenario.leavesMoved ? 3 : 1);
  }
  letGo();
  await Promise.all(
    doomed.map(async (worker) => {
      await worker.comeBack();
      await worker.close();
    }),
  );
  expect(await Promise.all(takes.map(({ stand }) => stand()))).toEqual(standings);
});
