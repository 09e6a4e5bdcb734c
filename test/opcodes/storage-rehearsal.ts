// Runs the storage's scenarios side by side in one cluster, each in a pool of its own, with the test's hand in them.
import { expect } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import type { Submission } from '../../src/jobs/job-desk.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import type { HiredWorker } from '../harness/hired-worker.js';
import { intervene, type Intervention } from '../harness/interventions.js';
import { partAbout } from '../harness/snapshot.js';
import { STORAGE_SCENARIOS, type StorageScenario } from './storage-scenarios.js';

export interface StorageTake {
  scenario: StorageScenario;
  label: string;
  pool: string;
  job: number;
  /** The pool, and what is in it, before the job. */
  before: unknown;
}

interface StorageRehearsal {
  cluster: TestCluster;
  /** Prepares the pool and submits the job. Call it before there is a worker. */
  add(scenario: StorageScenario, label: string, intervention?: Intervention, more?: Partial<Submission>): Promise<StorageTake>;
  /** A worker whose steps the interventions are in. */
  addWorker(): Promise<HiredWorker>;
  /** How the pool of each take stands now. */
  stand(takes: StorageTake[]): Promise<unknown[]>;
  /** The records of all takes, when they have ended. */
  ends(takes: StorageTake[]): Promise<JobRecord[]>;
}

/** Enough OSDs for the pools of all takes. */
const NODES = Array.from({ length: 60 }, (_, index) => `hv${index + 1}`);

export async function rehearseStorage(redisUrl: string): Promise<StorageRehearsal> {
  const cluster = await startCluster({ redisUrl, nodes: NODES });
  const wrapped = intervene(opcodes);
  let takes = 0;
  const about = (snapshot: Awaited<ReturnType<TestCluster['snapshot']>>, pool: string) => partAbout(snapshot, { name: pool, uuid: pool });
  return {
    cluster,
    async add(scenario, label, intervention = {}, more = {}) {
      // With its last dash no name is a part of another one.
      const pool = `pool-${++takes}-`;
      await scenario.prepare(cluster, pool);
      const before = about(await cluster.snapshot(), pool);
      const job = await cluster.submit({ OP_ID: scenario.opcode, ...scenario.parameters(pool) }, more);
      wrapped.in.set(job, intervention);
      return { scenario, label: `${scenario.opcode} on ${scenario.title}: ${label}`, pool, job, before };
    },
    addWorker: () => cluster.addWorker({ opcodes: wrapped.opcodes }),
    async stand(all) {
      const snapshot = await cluster.snapshot();
      return all.map(({ pool }) => about(snapshot, pool));
    },
    ends: async (all) => await Promise.all(all.map(({ job }) => cluster.end(job, 60_000))),
  };
}

/** Runs every scenario undisturbed; answers how its pool stands afterwards. */
export async function standAfterStorageSuccess(redisUrl: string): Promise<Map<StorageScenario, unknown>> {
  const { add, addWorker, stand, ends } = await rehearseStorage(redisUrl);
  const takes: StorageTake[] = [];
  for (const scenario of STORAGE_SCENARIOS) takes.push(await add(scenario, 'undisturbed'));
  await addWorker();
  const records = await ends(takes);
  for (const [index, { label, scenario, pool }] of takes.entries()) {
    expect.soft([records[index]?.status, records[index]?.opresult], label).toEqual(['success', [scenario.result(pool)]]);
    expect.soft(records[index]?.progress[0], label).toMatchObject({ done: scenario.steps, total: scenario.steps });
  }
  const standing = await stand(takes);
  return new Map(takes.map(({ scenario }, index) => [scenario, standing[index]]));
}
