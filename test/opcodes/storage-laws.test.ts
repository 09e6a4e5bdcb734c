// The laws of every opcode, for those of the storage: they fail without a trace (but what is removed for good is gone, and known to be),
// their steps can be repeated, they can be cancelled unless they say why not, and another worker goes on with them from anywhere.
import { expect, it } from 'vitest';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import type { StepContext } from '../../workers/engine/opcode.js';
import type { Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { standstill } from '../harness/standstill.js';
import { patience } from '../lab/patience.js';
import { rehearseStorage, standAfterStorageSuccess, type StorageTake } from './storage-rehearsal.js';
import { STORAGE_SCENARIOS, type StorageScenario } from './storage-scenarios.js';

const redis = redisForFile();

const fail = async (): Promise<never> => {
  throw new ClassifiedError('temp_insufficient_resources', 'as planned');
};
const FAILED = ['error', [['OpExecError', ['as planned', 'temp_insufficient_resources']]]];

interface Place {
  scenario: StorageScenario;
  index: number;
  when: 'before' | 'after';
}

/** Both sides of each step of each scenario. */
const PLACES = STORAGE_SCENARIOS.flatMap((scenario) =>
  Array.from({ length: scenario.steps }, (_, index) => index).flatMap((index) =>
    (['before', 'after'] as const).map((when): Place => ({ scenario, index, when })),
  ),
);

it('is told of every opcode of pools, volumes and snapshots', () => {
  const tried = new Set(STORAGE_SCENARIOS.map(({ opcode }) => opcode));
  const untried = [...opcodes.keys()].filter((id) => /^OP_(POOL|VOLUME|SNAPSHOT|STORAGE)_/.test(id) && !tried.has(id));
  expect(untried).toEqual([]);
});

it('leaves what was there when any step fails, but what it has removed for good', async () => {
  const expected = await standAfterStorageSuccess(redis().url);
  const { add, addWorker, stand, ends } = await rehearseStorage(redis().url);
  const takes: StorageTake[] = [];
  for (const { scenario, index, when } of PLACES) {
    const at: Moment = `run ${index} ${when}`;
    takes.push(await add(scenario, at, { at: { [at]: fail }, twice: index % 2 === 1 }));
  }
  await addWorker();
  const records = await ends(takes);
  const standing = await stand(takes);
  for (const [index, { label, before, scenario }] of takes.entries()) {
    expect.soft([records[index]?.status, records[index]?.opresult], label).toEqual(FAILED);
    const isGone = scenario.isForGood === true && PLACES[index]?.when === 'after';
    expect.soft(standing[index], label).toEqual(isGone ? expected.get(scenario) : before);
  }
});

it('gives the same when every step is run twice, and leaves what was there when every undo is', async () => {
  const expected = await standAfterStorageSuccess(redis().url);
  const { add, addWorker, stand, ends } = await rehearseStorage(redis().url);
  const takes: StorageTake[] = [];
  for (const scenario of STORAGE_SCENARIOS) {
    takes.push(await add(scenario, 'twice', { twice: true }));
    takes.push(await add(scenario, 'undone twice', { twice: true, at: { [`run ${scenario.steps - 1} after`]: fail } }));
  }
  await addWorker();
  const records = await ends(takes);
  const standing = await stand(takes);
  for (const [index, { label, before, scenario }] of takes.entries()) {
    const isUndone = label.endsWith('undone twice');
    expect.soft(records[index]?.status, label).toBe(isUndone ? 'error' : 'success');
    const stays = isUndone && scenario.isForGood !== true;
    expect.soft(standing[index], label).toEqual(stays ? before : expected.get(scenario));
  }
});

it('touches nothing in a dry run, and tells its locks, facts and steps', async () => {
  const { cluster, add, addWorker, ends } = await rehearseStorage(redis().url);
  const takes: StorageTake[] = [];
  for (const scenario of STORAGE_SCENARIOS) takes.push(await add(scenario, 'dry run', {}, { dryRun: true }));
  const untouched = await cluster.snapshot();
  await addWorker();
  const records = await ends(takes);
  expect(await cluster.snapshot()).toEqual(untouched);
  for (const [index, { label, scenario, pool }] of takes.entries()) {
    const told = records[index]?.opresult[0] as { locks: [string, string][]; steps: string[] };
    expect.soft([records[index]?.status, told.steps.length], label).toEqual(['success', scenario.steps]);
    const locks = told.locks.filter(([resource]) => resource.includes(pool)).map(([resource, mode]) => `${mode} ${resource}`);
    expect.soft(locks.length, label).toBeGreaterThan(0);
    expect.soft(told.locks, label).toContainEqual(['storage/ceph', 'shared']);
  }
});

it('is undone when it is cancelled, or runs to its end where it must', async () => {
  const expected = await standAfterStorageSuccess(redis().url);
  const { cluster, add, addWorker, stand, ends } = await rehearseStorage(redis().url);
  const standing = new Set<number>();
  let goOn = () => {};
  const toldToGoOn = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const hold = async ({ job, signal }: StepContext) => {
    standing.add(job);
    const stopped = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('in its own way')), { once: true });
    });
    await Promise.race([toldToGoOn, stopped]);
  };
  const takes: StorageTake[] = [];
  for (const { scenario, index, when } of PLACES) {
    const at: Moment = `run ${index} ${when}`;
    takes.push(await add(scenario, at, { at: { [at]: hold } }));
  }
  await addWorker();
  await expect.poll(() => standing.size).toBe(takes.length);
  const answers = Promise.all(takes.map(({ job }) => cluster.desk.cancel(job, patience(20_000))));
  const isInterruptible = ({ scenario }: StorageTake) => opcodes.get(scenario.opcode)?.uninterruptible === undefined;
  await ends(takes.filter(isInterruptible));
  goOn();
  const records = await ends(takes);
  const [told, after] = [await answers, await stand(takes)];
  for (const [index, take] of takes.entries()) {
    const { label, scenario, before } = take;
    const outcome = [records[index]?.status, told[index]?.[0]];
    expect.soft(outcome, label).toEqual(isInterruptible(take) ? ['canceled', true] : ['success', false]);
    expect.soft(after[index], label).toEqual(isInterruptible(take) ? before : expected.get(scenario));
  }
});

it('goes on in another worker from any step, and ends as if undisturbed', async () => {
  const expected = await standAfterStorageSuccess(redis().url);
  const { cluster, add, addWorker, stand, ends } = await rehearseStorage(redis().url);
  const { hold, letGo, count } = standstill();
  const takes: StorageTake[] = [];
  for (const { scenario, index, when } of PLACES) {
    const at: Moment = `run ${index} ${when}`;
    takes.push(await add(scenario, at, { at: { [at]: hold } }));
  }
  const doomed = await addWorker();
  await expect.poll(count).toBe(takes.length);
  await doomed.die();
  await cluster.addWorker();
  const records = await ends(takes);
  const standing = await stand(takes);
  for (const [index, { label, scenario, pool }] of takes.entries()) {
    expect.soft([records[index]?.status, records[index]?.opresult], label).toEqual(['success', [scenario.result(pool)]]);
    expect.soft(standing[index], label).toEqual(expected.get(scenario));
  }
  const settled = await cluster.snapshot();
  await doomed.comeBack();
  letGo();
  await doomed.close();
  expect(await cluster.snapshot()).toEqual(settled);
});

it('is undone by another worker from any undo', async () => {
  const expected = await standAfterStorageSuccess(redis().url);
  const { cluster, add, addWorker, stand, ends } = await rehearseStorage(redis().url);
  const { hold, letGo, count } = standstill();
  const takes: StorageTake[] = [];
  for (const { scenario, index, when } of PLACES) {
    const at = { [`run ${scenario.steps - 1} after`]: fail, [`undo ${index} ${when}`]: hold };
    takes.push(await add(scenario, `undo ${index} ${when}`, { at }));
  }
  const doomed = await addWorker();
  const alive = async () => (await cluster.desk.list({ status: ['queued', 'waiting', 'running'], limit: 1000 })).jobs.length;
  // A step that has no undo holds nobody up; its job ends here and now.
  await expect.poll(async () => (await alive()) === count()).toBe(true);
  expect(count()).toBeGreaterThan(takes.length / 2);
  await doomed.die();
  await cluster.addWorker();
  const records = await ends(takes);
  const standing = await stand(takes);
  for (const [index, { label, before, scenario }] of takes.entries()) {
    expect.soft([records[index]?.status, records[index]?.opresult], label).toEqual(FAILED);
    expect.soft(standing[index], label).toEqual(scenario.isForGood === true ? expected.get(scenario) : before);
  }
  const settled = await cluster.snapshot();
  await doomed.comeBack();
  letGo();
  await doomed.close();
  expect(await cluster.snapshot()).toEqual(settled);
});
