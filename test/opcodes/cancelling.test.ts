// A job that is cancelled in the middle of any step of any opcode: it is undone, unless the opcode says that it cannot be interrupted.
import { expect, it } from 'vitest';
import { opcodes } from '../../workers/opcodes/registry.js';
import type { StepContext } from '../../workers/engine/opcode.js';
import type { Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { standstill } from '../harness/standstill.js';
import { patience } from '../lab/patience.js';
import { inTurn, rehearse, standAfterSuccess, stepsOf } from './rehearsal.js';
import { SCENARIOS } from './scenarios.js';

const redis = redisForFile();

const MOMENTS = SCENARIOS.flatMap((scenario) =>
  stepsOf(scenario).flatMap((index) =>
    (['before', 'after'] as const).map((when): [typeof scenario, Moment] => [scenario, `run ${index} ${when}`]),
  ),
);

it('undoes what was done, or runs to its end where it must', async () => {
  const expected = await standAfterSuccess({ redisUrl: redis().url });
  const { cluster, add, addWorker, stand, ends } = await rehearse({ redisUrl: redis().url });
  const standing = new Set<number>();
  let toldToGoOn = () => {};
  const goOn = new Promise<void>((resolve) => {
    toldToGoOn = resolve;
  });
  const hold = async ({ job, signal }: StepContext) => {
    standing.add(job);
    const stopped = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('in its own way')), { once: true });
    });
    await Promise.race([goOn, stopped]);
  };
  const takes = await inTurn(MOMENTS, ([scenario, moment]) => add(scenario, moment, { at: { [moment]: hold } }));
  await addWorker();
  await expect.poll(() => standing.size).toBe(takes.length);

  const isInterruptible = (opcode: string) => opcodes.get(opcode)?.uninterruptible === undefined;
  const answers = Promise.all(takes.map(({ job }) => cluster.desk.cancel(job, patience(20_000))));
  const interruptible = takes.filter(({ scenario }) => isInterruptible(scenario.opcode));
  await ends(interruptible);
  const others = takes.filter(({ scenario }) => !isInterruptible(scenario.opcode));
  expect(others.length).toBeGreaterThan(0);
  for (const { job, label } of others) expect.soft((await cluster.desk.read(job))?.status, label).toBe('canceling');
  toldToGoOn();

  const records = await ends(takes);
  const [told, after] = [await answers, await stand(takes)];
  for (const [index, { scenario, label, before, job, guest }] of takes.entries()) {
    const outcome = [records[index]?.status, records[index]?.opresult, told[index]];
    if (isInterruptible(scenario.opcode)) {
      expect.soft(outcome, label).toEqual(['canceled', ['Job canceled by request'], [true, 'Job successfully cancelled']]);
      expect.soft(after[index], label).toEqual(before);
    } else {
      const text = `Job ${job} ended before it could be cancelled, status success`;
      expect.soft(outcome, label).toEqual(['success', [scenario.result(guest)], [false, text]]);
      expect.soft(after[index], label).toEqual(expected.get(scenario));
    }
  }
});

it('is as good when no worker had the job at that moment, and nobody can tell whether the step was begun', async () => {
  const expected = await standAfterSuccess({ redisUrl: redis().url });
  const { cluster, add, addWorker, stand, ends } = await rehearse({ redisUrl: redis().url });
  const { hold, letGo, count } = standstill();
  const takes = await inTurn(MOMENTS, ([scenario, moment]) => add(scenario, moment, { at: { [moment]: hold } }));
  const doomed = await addWorker();
  await expect.poll(count, { timeout: patience(20_000) }).toBe(takes.length);
  await doomed.die();
  for (const { job, label } of takes) expect.soft((await cluster.desk.cancel(job, 0))?.[0], label).toBe(false);
  await cluster.addWorker();

  const records = await ends(takes);
  const after = await stand(takes);
  for (const [index, { scenario, label, before, guest }] of takes.entries()) {
    const outcome = [records[index]?.status, records[index]?.opresult];
    const undone = opcodes.get(scenario.opcode)?.uninterruptible === undefined;
    expect.soft(outcome, label).toEqual(undone ? ['canceled', ['Job canceled by request']] : ['success', [scenario.result(guest)]]);
    expect.soft(after[index], label).toEqual(undone ? before : expected.get(scenario));
  }
  await doomed.comeBack();
  letGo();
  await doomed.close();
  expect(await stand(takes)).toEqual(after);
});
