// A whole cluster inside the test: a job desk and workers over a real Redis, their sessions with one tree of cluster state, and
// simulated hypervisors.
import { randomUUID } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import { isFinal, type JobRecord, type Opcode } from '../../schemas/job.js';
import { opcodeById } from '../../schemas/opcodes/catalogue.js';
import { admit } from '../../src/admission/admit.js';
import type { MemorySession } from '../../src/cluster/memory/memory-session.js';
import { openMemoryTree } from '../../src/cluster/memory/memory-tree.js';
import { registerNode, reportNode, type NodeReport } from '../../src/cluster/node-documents.js';
import { ROOTS } from '../../src/cluster/open-store.js';
import { storageDocuments, type StorageDocuments } from '../../src/cluster/storage-documents.js';
import { vmDocuments, type VmDocuments } from '../../src/cluster/vm-documents.js';
import { openJobDesk } from '../../src/jobs/desk.js';
import type { JobDesk, Submission } from '../../src/jobs/job-desk.js';
import { keysOf, type Keys } from '../../src/jobs/keys.js';
import { connectPatiently } from '../../src/jobs/redis.js';
import { createClosing, type Closing } from '../../src/process/closing.js';
import type { OpenDesk } from '../../workers/agent/primary-duties.js';
import { STARTS_WINDOW_S } from '../../workers/agent/pace.js';
import { openSimulatedCeph, type SimulatedCeph } from '../../workers/drivers/simulated/simulated-ceph.js';
import { openSimulatedWorld, type SimulatedWorld } from '../../workers/drivers/simulated/simulated-world.js';
import { patience } from '../lab/patience.js';
import { recordHistory, type History } from './history.js';
import { hireWorker, type HiredWorker, type WorkerOptions } from './hired-worker.js';
import { takeSnapshot, type Snapshot } from './snapshot.js';

/** Enough for every VM of a test. */
const MEMORY_MIB = 1_000_000;

export interface ClusterOptions {
  redisUrl: string;
  nodes?: string[];
  keepCount?: number;
  shutdownDelayMs?: number;
  /** How fast a guest's memory passes from node to node. */
  migrationMibPerS?: number;
}

export interface TestCluster {
  desk: Awaited<ReturnType<typeof openJobDesk>>;
  /** Opens the desk that a primary's watcher submits at. */
  openWatcherDesk: OpenDesk;
  keys: Keys;
  /** For looking behind the desk. */
  redis: ReturnType<typeof connectPatiently>;
  /** A session that no worker has. */
  store: MemorySession;
  vms: VmDocuments;
  world: SimulatedWorld;
  storage: StorageDocuments;
  ceph: SimulatedCeph;
  /** What the workers do, and in whose name; when the test ends, all of it was done by who held the locks for it. */
  history: History;
  /** What the test's parts are closed with, last first. */
  closing: Closing;
  openSession(): MemorySession;
  addWorker(options?: Partial<WorkerOptions>): Promise<HiredWorker>;
  /** Opcodes of the catalogue are admitted as the API does it. */
  submit(ops: Opcode | Opcode[], more?: Partial<Submission>): Promise<number>;
  /** The record at the job's end; fails when that takes longer, on a quiet machine. */
  end(id: number, quietMs?: number): Promise<JobRecord>;
  run(ops: Opcode | Opcode[], more?: Partial<Submission>): Promise<JobRecord>;
  snapshot(): Promise<Snapshot>;
}

/** A cluster without workers, for the test that calls this; it is closed when the test ends. */
export async function startCluster({
  redisUrl,
  nodes = ['hv1', 'hv2'],
  keepCount = 100_000,
  shutdownDelayMs = 20,
  ...pace
}: ClusterOptions): Promise<TestCluster> {
  const closing = createClosing();
  onTestFinished(() => closing.close());
  const prefix = `{test-${randomUUID()}}`;
  const keys = keysOf(prefix);
  const redis = connectPatiently(redisUrl);
  closing.add(() => redis.disconnect());
  const tree = await openMemoryTree({
    roots: ROOTS,
  });
  const history = recordHistory(tree);
  onTestFinished(() => expect(history.violations).toEqual([]));
  const openSession = () => {
    const session = tree.openSession();
    closing.add(() => session.close());
    return session;
  };
  const store = openSession();
  const world = await openSimulatedWorld({
    nodes: nodes.map((name) => ({ name, cpuCount: 64, memoryMib: MEMORY_MIB })),
    shutdownDelayMs,
    ...pace,
  });
  closing.add(() => world.close());
  const ceph = await openSimulatedCeph({ nodes });
  closing.add(() => ceph.close());
  for (const name of nodes) {
    await registerNode(store, { name, uri: `simulated://${name}`, coordinator: false });
    await reportNode(store, name, nodeReport());
  }
  const libvirtAnswers = async (uri: string) =>
    await world.hypervisors.on(uri.replace('simulated://', '')).then(
      () => true,
      () => false,
    );
  const desk = await openJobDesk({ redisUrl, prefix, keepCount, idempotencyS: 60 });
  closing.add(() => desk.close());

  const submit: TestCluster['submit'] = async (ops, more) =>
    await desk.submit({ ops: [ops].flat().map(admitted), user: 'tester', reason: null, priority: 0, depends: [], dryRun: false, ...more });
  const end: TestCluster['end'] = async (id, quietMs = 30_000) => await endOf(desk, id, patience(quietMs));

  return {
    desk,
    openWatcherDesk: () => openJobDesk({ redisUrl, prefix, keepCount, idempotencyS: STARTS_WINDOW_S }),
    keys,
    redis,
    store,
    vms: vmDocuments(store),
    world,
    storage: storageDocuments(store),
    ceph,
    history,
    closing,
    openSession,
    addWorker: (options = {}) =>
      hireWorker(
        {
          history,
          redisUrl,
          keys,
          session: history.watched(tree.openSession()),
          hypervisors: world.hypervisors,
          ceph: ceph.open,
          osdHosts: ceph.hosts,
          libvirtAnswers,
          keepCount,
          ...options,
        },
        closing,
      ),
    submit,
    end,
    run: async (ops, more) => await end(await submit(ops, more)),
    snapshot: () => takeSnapshot(store, world, ceph),
  };
}

/** What the agent of an idle node would say. */
export function nodeReport(figures: Partial<NodeReport> = {}): NodeReport {
  return {
    cpu_count: 64,
    load: 0,
    memory_total: MEMORY_MIB,
    memory_free: MEMORY_MIB,
    hypervisor_silent: false,
    coordinator_state: 'client',
    running_domains: [],
    unknown_domains: [],
    kernel: 'k',
    os: 'o',
    arch: 'x86_64',
    libvirt_version: 'l',
    qemu_version: 'q',
    ...figures,
  };
}

async function endOf(desk: JobDesk, id: number, withinMs: number): Promise<JobRecord> {
  const ended = await desk.waitFor(id, ({ status }) => isFinal(status), withinMs);
  if (ended !== undefined) return ended;
  throw new Error(`after ${withinMs} ms job ${id} has not ended: ${JSON.stringify(await desk.read(id))}`);
}

function admitted(op: Opcode): Opcode {
  if (opcodeById(op.OP_ID) === undefined) return op;
  const [complete = op] = admit([op]);
  return complete;
}
