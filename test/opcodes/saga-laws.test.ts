// The laws that every opcode of the registry keeps: it fails without a trace, its steps can be repeated, a dry run changes nothing.
import { expect, it } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import type { Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { NODE_SCENARIOS } from './node-scenarios.js';
import { OSD_SCENARIOS } from './osd-scenarios.js';
import { inTurn, rehearse, standAfterSuccess, stepsOf } from './rehearsal.js';
import { SCENARIOS } from './scenarios.js';
import { STORAGE_SCENARIOS } from './storage-scenarios.js';

const redis = redisForFile();

const fail = async (): Promise<never> => {
  throw new ClassifiedError('temp_insufficient_resources', 'as planned');
};
const FAILED = ['error', [['OpExecError', ['as planned', 'temp_insufficient_resources']]]];

/** Each scenario with each of its steps. */
const EVERY_STEP = SCENARIOS.flatMap((scenario) => stepsOf(scenario).map((index) => ({ scenario, index })));

/** These have their laws in primary.test.ts, ceph-flags.test.ts. */
const ELSEWHERE = ['OP_NODE_PRIMARY', 'OP_NODE_SECONDARY', 'OP_CEPH_FLAG_SET', 'OP_CEPH_FLAG_UNSET'];

it('has a scenario for every opcode', () => {
  const scenarios = [...SCENARIOS, ...NODE_SCENARIOS, ...STORAGE_SCENARIOS, ...OSD_SCENARIOS];
  const tried = [...scenarios.map(({ opcode }) => opcode), ...ELSEWHERE];
  expect([...new Set(tried)].toSorted()).toEqual([...opcodes.keys()].toSorted());
});

it('does in every scenario what it says', async () => {
  const { cluster, add, addWorker, ends } = await rehearse({ redisUrl: redis().url });
  const takes = await inTurn(SCENARIOS, (scenario) => add(scenario, 'undisturbed'));
  await addWorker();
  const records = await ends(takes);
  for (const [index, { scenario, guest, label }] of takes.entries()) {
    const record = records[index];
    expect.soft([record?.status, record?.opresult], label).toEqual(['success', [scenario.result(guest)]]);
    expect.soft(record?.progress[0], label).toMatchObject({ done: scenario.steps, total: scenario.steps });
    const document = await cluster.vms.find(guest.uuid);
    const domains = Object.values(cluster.world.snapshot()).flatMap((all) => all.filter(({ uuid }) => uuid === guest.uuid));
    const seen = document && { state: document.state, runs: domains.some(({ running }) => running !== null) };
    expect.soft(seen, label).toEqual(scenario.after);
    const running = Object.entries(cluster.world.snapshot()).filter(([, all]) =>
      all.some(({ uuid, running: is }) => uuid === guest.uuid && is),
    );
    if (scenario.after?.runs === true) expect.soft([running.map(([node]) => node), domains.length], label).toEqual([[document?.node], 1]);
    else expect.soft(domains, `${label}: what does not run is not defined`).toEqual([]);
    expect.soft(document?.failed_reason ?? '', label).toBe(document?.state === 'fail' ? 'the guest crashed' : '');
    expect.soft(document?.target_node ?? '', label).toBe('');
  }
});

it.each(['before', 'after'] as const)('leaves the world as it was when any step fails %s its effect', async (moment) => {
  const { add, addWorker, stand, ends } = await rehearse({ redisUrl: redis().url });
  const takes = await inTurn(EVERY_STEP, ({ scenario, index }) => {
    const at: Moment = `run ${index} ${moment}`;
    return add(scenario, at, { at: { [at]: fail } });
  });
  await addWorker();
  const records = await ends(takes);
  const standing = await stand(takes);
  for (const [index, { label, before }] of takes.entries()) {
    expect.soft([records[index]?.status, records[index]?.opresult], label).toEqual(FAILED);
    expect.soft(standing[index], label).toEqual(before);
  }
});

it('gives the same world when every step is run twice', async () => {
  const expected = await standAfterSuccess({ redisUrl: redis().url });
  const { add, addWorker, stand, ends } = await rehearse({ redisUrl: redis().url });
  const takes = await inTurn(SCENARIOS, (scenario) => add(scenario, 'twice', { twice: true }));
  await addWorker();
  const records = await ends(takes);
  const standing = await stand(takes);
  for (const [index, { label, scenario }] of takes.entries()) {
    expect.soft(records[index]?.status, label).toBe('success');
    expect.soft(standing[index], label).toEqual(expected.get(scenario));
  }
});

it('leaves the world as it was when every step and every undo is run twice', async () => {
  const { add, addWorker, stand, ends } = await rehearse({ redisUrl: redis().url });
  const takes = await inTurn(
    SCENARIOS.filter(({ steps }) => steps > 0),
    (scenario) => add(scenario, 'undone twice', { twice: true, at: { [`run ${scenario.steps - 1} after`]: fail } }),
  );
  await addWorker();
  const records = await ends(takes);
  const standing = await stand(takes);
  for (const [index, { label, before }] of takes.entries()) {
    expect.soft([records[index]?.status, records[index]?.opresult], label).toEqual(FAILED);
    expect.soft(standing[index], label).toEqual(before);
  }
});

it('touches nothing in a dry run, and tells its locks, facts and steps', async () => {
  const { cluster, add, addWorker, ends } = await rehearse({ redisUrl: redis().url });
  const rehearsed = await inTurn(SCENARIOS, (scenario) => add(scenario, 'dry run', {}, { dryRun: true }));
  const untouched = await cluster.snapshot();
  await addWorker();
  const dry = await ends(rehearsed);
  expect(await cluster.snapshot()).toEqual(untouched);
  for (const [index, { label, scenario, guest }] of rehearsed.entries()) {
    expect.soft(dry[index], label).toMatchObject({ status: 'success', opresult: [{ facts: expect.any(Object) }] });
    const { locks, steps, ...rest } = resultOf(dry[index]);
    expect.soft(Object.keys(rest), label).toEqual(['facts']);
    expect.soft(steps, label).toHaveLength(scenario.steps);
    expect.soft(locks, label).toContainEqual([`vm/${guest.uuid}`, 'exclusive']);
  }
  // What was told is what is then done.
  const real = await Promise.all(
    rehearsed.map(({ scenario, guest }) => cluster.run({ OP_ID: scenario.opcode, ...scenario.parameters(guest) })),
  );
  for (const [index, { label }] of rehearsed.entries()) {
    expect.soft(real[index]?.progress[0]?.steps, label).toEqual(resultOf(dry[index]).steps);
  }
});

/** What a dry run answers. */
const resultOf = (record: JobRecord | undefined) => record?.opresult[0] as { locks: [resource: string, mode: string][]; steps: string[] };

it('says what was left behind when an undo fails, and undoes the rest', async () => {
  const { cluster, add, addWorker, ends } = await rehearse({ redisUrl: redis().url });
  const shutdown = SCENARIOS.find(({ opcode, title }) => opcode === 'OP_VM_SHUTDOWN' && title === 'a guest that powers off');
  if (shutdown === undefined) throw new Error('no such scenario');
  const broken = async () => {
    throw new ClassifiedError('environment_error', 'the hypervisor is on fire');
  };
  const take = await add(shutdown, 'an undo fails', { at: { 'run 3 after': fail, 'undo 1 before': broken } });
  await addWorker();
  const [record] = await ends([take]);
  expect(record?.opresult).toEqual([
    ['OpExecError', ['as planned; could not undo, and left behind: "shut the guest down on hv1"', 'temp_insufficient_resources']],
  ]);
  expect(record?.oplog[0]?.map(([, , , text]) => text)).toContain('could not undo "shut the guest down on hv1": the hypervisor is on fire');
  expect((await cluster.vms.get(take.guest.uuid)).state).toBe('start');
});

it('keeps the text of an error that nobody classified to itself', async () => {
  const { add, addWorker, ends } = await rehearse({ redisUrl: redis().url });
  const [scenario] = SCENARIOS;
  if (scenario === undefined) throw new Error('no scenario');
  const defect = async () => {
    throw new TypeError('secret is undefined');
  };
  const take = await add(scenario, 'a defect', { at: { 'run 0 before': defect } });
  await addWorker();
  const [record] = await ends([take]);
  expect(record?.opresult).toEqual([['OpExecError', [expect.not.stringContaining('secret'), 'internal_error']]]);
});
