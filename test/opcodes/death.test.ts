// A worker that dies at any moment of any opcode: another one finishes the job as if nothing had happened, and the dead one, should it come
// back, does no harm.
import { expect, it } from 'vitest';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { addAgent } from '../harness/agent.js';
import { watchStalls } from '../harness/stalls.js';
import type { Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { standstill } from '../harness/standstill.js';
import { inTurn, rehearse, standAfterSuccess, stepsOf } from './rehearsal.js';
import { SCENARIOS, type Scenario } from './scenarios.js';

const redis = redisForFile();

const texts = (entries: readonly (readonly unknown[])[] = []) => entries.map(([, , , text]) => text);

interface Death {
  scenario: Scenario;
  moment: Moment;
  /** How the log tells where the job was taken up. */
  place: string;
}

const whileRunning = (scenario: Scenario): Death[] =>
  stepsOf(scenario).flatMap((index) =>
    (['before', 'after'] as const).map((when) => ({
      scenario,
      moment: `run ${index} ${when}` as const,
      place: `step ${index + 1} of ${scenario.steps}`,
    })),
  );

it('goes on in another worker from any step, and ends as if undisturbed', async () => {
  const expected = await standAfterSuccess({ redisUrl: redis().url });
  const { cluster, add, addWorker, stand, ends } = await rehearse({ redisUrl: redis().url });
  const { hold, letGo, count } = standstill();
  const deaths = SCENARIOS.flatMap(whileRunning);
  const takes = await inTurn(deaths, ({ scenario, moment }) => add(scenario, moment, { at: { [moment]: hold } }));
  // Between the death and the new worker, nothing keeps an agent from following what it sees.
  await addAgent(cluster, 'hv1', 200);
  const doomed = await addWorker();
  await expect.poll(count).toBe(takes.length);
  const stalls = watchStalls();
  const diedAtMs = Date.now();
  await doomed.die();
  const second = await cluster.addWorker();
  const records = await ends(takes);
  stalls.stop();
  const standing = await stand(takes);
  for (const [index, { label, scenario }] of takes.entries()) {
    expect.soft(records[index]?.status, label).toBe('success');
    expect.soft(standing[index], label).toEqual(expected.get(scenario));
    const log = (records[index]?.oplog[0] ?? []).filter(([, , , text]) => text.startsWith('taken up'));
    expect.soft(texts(log), label).toEqual([expect.stringContaining(`taken up by worker ${second.name} at ${deaths[index]?.place} ("`)]);
    const [[, [seconds, microseconds]] = [0, [Number.NaN, 0]]] = log;
    const takenAtMs = seconds * 1000 + microseconds / 1000;
    expect.soft(takenAtMs - diedAtMs - stalls.between(diedAtMs, takenAtMs), label).toBeLessThan(10_000);
  }

  const settled = await cluster.snapshot();
  await doomed.comeBack();
  letGo();
  await doomed.close();
  expect(await cluster.snapshot()).toEqual(settled);
  expect(await ends(takes)).toEqual(records);
});

it('is undone by another worker from any undo', async () => {
  const { cluster, add, addWorker, stand, ends } = await rehearse({ redisUrl: redis().url });
  const { hold, letGo, count } = standstill();
  const fail = async () => {
    throw new ClassifiedError('temp_insufficient_resources', 'as planned');
  };
  const deaths = SCENARIOS.flatMap((scenario) =>
    stepsOf(scenario).flatMap((index) => (['before', 'after'] as const).map((when) => ({ scenario, index, when }))),
  );
  const takes = await inTurn(deaths, ({ scenario, index, when }) =>
    add(scenario, `undo ${index} ${when}`, { at: { [`run ${scenario.steps - 1} after`]: fail, [`undo ${index} ${when}`]: hold } }),
  );
  // Between the death and the new worker, nothing keeps an agent from following what it sees.
  await addAgent(cluster, 'hv1', 200);
  const doomed = await addWorker();
  const alive = async () =>
    (await cluster.desk.list({ status: ['queued', 'waiting', 'running'], limit: takes.length })).jobs.map(({ id }) => id);
  // A step that has no undo holds nobody up; its job ends here and now.
  await expect.poll(async () => (await alive()).length === count()).toBe(true);
  const held = new Set(await alive());
  expect(held.size).toBeGreaterThan(takes.length / 2);
  await doomed.die();
  const second = await cluster.addWorker();
  const records = await ends(takes);
  const standing = await stand(takes);
  for (const [index, { label, before, job }] of takes.entries()) {
    expect
      .soft([records[index]?.status, records[index]?.opresult], label)
      .toEqual(['error', [['OpExecError', ['as planned', 'temp_insufficient_resources']]]]);
    expect.soft(standing[index], label).toEqual(before);
    const log = texts(records[index]?.oplog[0]).filter((text) => String(text).startsWith('taken up'));
    const place = `undoing step ${(deaths[index]?.index ?? 0) + 1} of`;
    expect.soft(log, label).toEqual(held.has(job) ? [expect.stringContaining(`taken up by worker ${second.name} at ${place}`)] : []);
  }
  const settled = await cluster.snapshot();
  await doomed.comeBack();
  letGo();
  await doomed.close();
  expect(await cluster.snapshot()).toEqual(settled);
});
