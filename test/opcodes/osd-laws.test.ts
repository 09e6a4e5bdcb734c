// The laws of every opcode, for those that work on nodes and on Ceph at once: they fail without a trace as long as there is a way back,
// and after that are finished by asking once more; their steps can be repeated; they can be cancelled until they say no; and another worker
// goes on with them from anywhere.
import { expect, it } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { StepContext } from '../../workers/engine/opcode.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster } from '../harness/cluster.js';
import { intervene, type Intervention, type Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { partAbout } from '../harness/snapshot.js';
import { standstill } from '../harness/standstill.js';
import { patience } from '../lab/patience.js';
import { OSD_SCENARIOS, withoutNumbers, type OsdScenario } from './osd-scenarios.js';

const redis = redisForFile();

interface Take {
  scenario: OsdScenario;
  label: string;
  node: string;
  parameters: Record<string, unknown>;
  job: number;
  before: unknown;
}

const MOST_TAKES = 70;
/** With its last letter no name is a part of another one. */
const NODES = Array.from({ length: MOST_TAKES }, (_, index) => `node${index + 1}x`);

async function rehearse() {
  const cluster = await startCluster({ redisUrl: redis().url, nodes: NODES });
  // Something to drain.
  await cluster.ceph.open().createPool({ name: 'load', pgs: 64, copies: 3, minCopies: 2 });
  const wrapped = intervene(opcodes);
  let takes = 0;
  const standOf = async (node: string) => withoutNumbers(partAbout(await cluster.snapshot(), { name: node, uuid: node }));
  return {
    cluster,
    addWorker: () => cluster.addWorker({ opcodes: wrapped.opcodes }),
    async add(scenario: OsdScenario, label: string, intervention: Intervention = {}): Promise<Take> {
      const node = NODES[takes++];
      if (node === undefined) throw new Error('more takes than nodes');
      const parameters = await scenario.prepare(cluster, node);
      const before = await standOf(node);
      const job = await cluster.submit({ OP_ID: scenario.opcode, ...parameters });
      wrapped.in.set(job, intervention);
      return { scenario, label: `${scenario.opcode} on ${scenario.title}: ${label}`, node, parameters, job, before };
    },
    stand: async (all: Take[]) => await Promise.all(all.map(({ node }) => standOf(node))),
    ends: async (all: Take[]): Promise<JobRecord[]> => await Promise.all(all.map(({ job }) => cluster.end(job, 60_000))),
  };
}

const PLACES = OSD_SCENARIOS.flatMap((scenario) =>
  Array.from({ length: scenario.steps }, (_, index) => index).flatMap((index) =>
    (['before', 'after'] as const).map((when) => ({ scenario, index, when, moment: `run ${index} ${when}` satisfies Moment })),
  ),
);

let known: Promise<Map<OsdScenario, unknown>> | undefined;
const afterSuccess = () => (known ??= successes());

async function successes(): Promise<Map<OsdScenario, unknown>> {
  const { add, addWorker, stand, ends } = await rehearse();
  const takes: Take[] = [];
  for (const scenario of OSD_SCENARIOS) takes.push(await add(scenario, 'undisturbed'));
  await addWorker();
  const records = await ends(takes);
  for (const [index, { label, scenario, node }] of takes.entries()) {
    expect.soft([records[index]?.status, records[index]?.opresult], label).toEqual(['success', [scenario.result(node)]]);
    expect.soft(records[index]?.progress[0], label).toMatchObject({ done: scenario.steps, total: scenario.steps });
  }
  const standing = await stand(takes);
  return new Map(takes.map(({ scenario }, index) => [scenario, standing[index]]));
}

const fail = async (): Promise<never> => {
  throw new ClassifiedError('temp_insufficient_resources', 'as planned');
};

const isBeyond = (first: number | undefined, index: number, when: 'before' | 'after') =>
  first !== undefined && (index > first || (index === first && when === 'after'));

it('is told of every opcode of OSDs', () => {
  const tried = new Set(OSD_SCENARIOS.map(({ opcode }) => opcode));
  expect([...opcodes.keys()].filter((id) => id.startsWith('OP_OSD_') && !tried.has(id))).toEqual([]);
});

it('leaves what was there when a step fails, or is finished by asking once more', async () => {
  const expected = await afterSuccess();
  const { cluster, add, addWorker, stand, ends } = await rehearse();
  const takes: Take[] = [];
  for (const { scenario, index, moment } of PLACES)
    takes.push(await add(scenario, moment, { at: { [moment]: fail }, twice: index % 2 === 1 }));
  await addWorker();
  const records = await ends(takes);
  const standing = await stand(takes);
  const again: { take: Take; job: number }[] = [];
  for (const [position, take] of takes.entries()) {
    const { scenario, label, before } = take;
    const { index, when } = PLACES[position] as (typeof PLACES)[number];
    expect.soft(records[position], label).toMatchObject({
      status: 'error',
      opresult: [['OpExecError', [expect.stringContaining('as planned'), 'temp_insufficient_resources']]],
    });
    if (!isBeyond(scenario.forGoodFrom, index, when)) expect.soft(standing[position], label).toEqual(before);
    else again.push({ take, job: await cluster.submit({ OP_ID: scenario.opcode, ...take.parameters }) });
  }
  for (const { take, job } of again) {
    const { label, scenario, node } = take;
    const record = await cluster.end(job, 60_000);
    expect
      .soft([record.status, record.opresult], `${label}, once more`)
      .toEqual(['success', [(scenario.resultAfterwards ?? scenario.result)(node)]]);
    expect.soft((await stand([take]))[0], `${label}, once more`).toEqual(expected.get(scenario));
  }
});

it('gives the same when every step is run twice', async () => {
  const expected = await afterSuccess();
  const { add, addWorker, stand, ends } = await rehearse();
  const takes: Take[] = [];
  for (const scenario of OSD_SCENARIOS) takes.push(await add(scenario, 'twice', { twice: true }));
  await addWorker();
  const records = await ends(takes);
  const standing = await stand(takes);
  for (const [index, { label, scenario, node }] of takes.entries()) {
    expect.soft([records[index]?.status, records[index]?.opresult], label).toEqual(['success', [scenario.result(node)]]);
    expect.soft(standing[index], label).toEqual(expected.get(scenario));
  }
});

it('is undone when it is cancelled, until it says that it cannot be', async () => {
  const expected = await afterSuccess();
  const { cluster, add, addWorker, stand, ends } = await rehearse();
  const { hold: held, letGo, count } = standstill('at once');
  const hold = async (context: StepContext) => {
    await held(context).catch(() => {
      throw new Error('in its own way');
    });
  };
  const takes: Take[] = [];
  for (const { scenario, moment } of PLACES) takes.push(await add(scenario, moment, { at: { [moment]: hold } }));
  await addWorker();
  await expect.poll(count).toBe(takes.length);
  const answers = Promise.all(takes.map(({ job }) => cluster.desk.cancel(job, patience(60_000))));
  const isCancelled = (position: number) => {
    const { scenario, index } = PLACES[position] as (typeof PLACES)[number];
    return index < (scenario.irrevocableFrom ?? Infinity);
  };
  await ends(takes.filter((_, position) => isCancelled(position)));
  letGo();
  const records = await ends(takes);
  const [told, after] = [await answers, await stand(takes)];
  for (const [position, { label, scenario, before }] of takes.entries()) {
    const ended = isCancelled(position);
    expect.soft([records[position]?.status, told[position]?.[0]], label).toEqual(ended ? ['canceled', true] : ['success', false]);
    expect.soft(after[position], label).toEqual(ended ? before : expected.get(scenario));
    const texts = (records[position]?.oplog[0] ?? []).map(([, , , text]) => text);
    expect
      .soft(
        texts.some((text) => text.includes("can't be cancelled")),
        label,
      )
      .toBe(!ended);
  }
});

it('goes on in another worker from any step, and ends as if undisturbed', async () => {
  const expected = await afterSuccess();
  const { cluster, add, addWorker, stand, ends } = await rehearse();
  const { hold, letGo, count } = standstill();
  const takes: Take[] = [];
  for (const { scenario, moment } of PLACES) takes.push(await add(scenario, moment, { at: { [moment]: hold } }));
  const doomed = await addWorker();
  await expect.poll(count).toBe(takes.length);
  await doomed.die();
  await cluster.addWorker();
  const records = await ends(takes);
  const after = await stand(takes);
  for (const [index, { label, scenario, node }] of takes.entries()) {
    expect.soft([records[index]?.status, records[index]?.opresult], label).toEqual(['success', [scenario.result(node)]]);
    expect.soft(after[index], label).toEqual(expected.get(scenario));
  }
  const settled = await cluster.snapshot();
  await doomed.comeBack();
  letGo();
  await doomed.close();
  expect(await cluster.snapshot()).toEqual(settled);
});
