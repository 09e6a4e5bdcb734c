// Runs scenarios side by side in one cluster, each on a VM of its own, with the test's hand in them.
import { expect } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import type { Submission } from '../../src/jobs/job-desk.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster, type ClusterOptions, type TestCluster } from '../harness/cluster.js';
import { addGuest, newGuest, type Guest } from '../harness/guests.js';
import type { HiredWorker } from '../harness/hired-worker.js';
import { intervene, type Intervention } from '../harness/interventions.js';
import { partAbout, type Snapshot } from '../harness/snapshot.js';
import { SCENARIOS, type Scenario } from './scenarios.js';

/** One scenario with one intervention. */
interface Take {
  scenario: Scenario;
  /** Tells it from the other takes of the scenario. */
  label: string;
  guest: Guest;
  job: number;
  /** The VM before the job. */
  before: unknown;
}

interface Rehearsal {
  cluster: TestCluster;
  /** Prepares the VM and submits the job. Call it before there is a worker. */
  add(scenario: Scenario, label: string, intervention?: Intervention, more?: Partial<Submission>): Promise<Take>;
  /** A worker whose steps the interventions are in. */
  addWorker(): Promise<HiredWorker>;
  /** How the VM of each take stands now. */
  stand(takes: Take[]): Promise<unknown[]>;
  /** The records of all takes, when they have ended. */
  ends(takes: Take[]): Promise<JobRecord[]>;
}

/** A cluster for this test, without any worker yet. */
export async function rehearse(options: ClusterOptions): Promise<Rehearsal> {
  const cluster = await startCluster(options);
  const wrapped = intervene(opcodes);
  const worldOf = (snapshot: Snapshot, guest: Guest) => partAbout(snapshot, guest);
  let takes = 0;
  return {
    cluster,
    async add(scenario, label, intervention = {}, more = {}) {
      // With its last dash no name is a part of another one.
      const guest = newGuest(`guest-${++takes}-`);
      if (scenario.before !== undefined) await addGuest(cluster, guest, scenario.before);
      const before = worldOf(await cluster.snapshot(), guest);
      const job = await cluster.submit({ OP_ID: scenario.opcode, ...scenario.parameters(guest) }, more);
      wrapped.in.set(job, intervention);
      return { scenario, label: `${scenario.opcode} on ${scenario.title}: ${label}`, guest, job, before };
    },
    addWorker: () => cluster.addWorker({ opcodes: wrapped.opcodes }),
    async stand(all) {
      const snapshot = await cluster.snapshot();
      return all.map(({ guest }) => worldOf(snapshot, guest));
    },
    ends: async (all) => await Promise.all(all.map(({ job }) => cluster.end(job))),
  };
}

/** The numbers of a scenario's steps. */
export const stepsOf = ({ steps }: Scenario): number[] => Array.from({ length: steps }, (_, index) => index);

/** Runs every scenario undisturbed; answers how its VM stands afterwards. */
export async function standAfterSuccess(options: ClusterOptions): Promise<Map<Scenario, unknown>> {
  const { add, addWorker, stand, ends } = await rehearse(options);
  const takes = await inTurn(SCENARIOS, (scenario) => add(scenario, 'undisturbed'));
  await addWorker();
  const records = await ends(takes);
  for (const [index, { label, scenario, guest }] of takes.entries()) {
    expect.soft([records[index]?.status, records[index]?.opresult], label).toEqual(['success', [scenario.result(guest)]]);
  }
  const standing = await stand(takes);
  return new Map(takes.map(({ scenario }, index) => [scenario, standing[index]]));
}

/** One after the other: jobs get their numbers in this order. */
export async function inTurn<T, R>(items: Iterable<T>, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
