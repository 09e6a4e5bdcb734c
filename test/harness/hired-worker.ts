// A worker of a test's cluster, with a network and a cluster session of its own, so that it can die, freeze and come back alone.
import { pino } from 'pino';
import { documentsOf } from '../../src/cluster/cluster-documents.js';
import { jobLocks } from '../../src/cluster/job-locks.js';
import { mirrorCluster } from '../../src/cluster/cluster-mirror.js';
import type { MemorySession } from '../../src/cluster/memory/memory-session.js';
import type { Keys } from '../../src/jobs/keys.js';
import { connectPatiently } from '../../src/jobs/redis.js';
import { watchJobs } from '../../src/jobs/watch.js';
import type { Closing } from '../../src/process/closing.js';
import type { OpenCeph } from '../../workers/drivers/ceph.js';
import type { OsdHosts } from '../../workers/drivers/ceph-osd-host.js';
import type { Hypervisors } from '../../workers/drivers/hypervisor.js';
import type { OpcodeDefinition } from '../../workers/engine/opcode.js';
import { startWorker } from '../../workers/engine/worker.js';
import { expectedVms } from '../../workers/placement/expected-vms.js';
import { opcodes as registry } from '../../workers/opcodes/registry.js';
import { startTcpProxy } from '../cluster/tcp-proxy.js';
import type { History } from './history.js';

export interface WorkerOptions {
  name: string;
  opcodes: ReadonlyMap<string, OpcodeDefinition>;
  openJobs: number;
  opcodesPerNode: number;
  takeUpLimit: number;
  unknownOpcodeS: number;
  keepS: number;
  /** Those of the simulated world unless given. */
  hypervisors: Hypervisors;
  /** The simulated one unless given. */
  ceph: OpenCeph;
  osdHosts: OsdHosts;
}

interface Surroundings {
  history: History;
  redisUrl: string;
  keys: Keys;
  session: MemorySession;
  libvirtAnswers(uri: string): Promise<boolean>;
  keepCount: number;
}

export interface HiredWorker {
  name: string;
  session: MemorySession;
  /** Breaks its connections to Redis, which it can make again. */
  cut(): void;
  /** Redis hears it, but not it Redis, until its connections are cut. */
  loseAnswers(): void;
  /** Ends in good order, back from wherever it was. */
  close(): Promise<void>;
  /** Redis hears nothing of it any more, nor it of Redis. */
  freeze(): void;
  /**
   * As far as the others can see, it is killed: Redis and the cluster store hear nothing of it any more, and its locks are gone. Whatever
   * it was doing has to be held up by the test.
   */
  die(): Promise<void>;
  /** Redis is within reach again; resolves when it is connected. */
  comeBack(): Promise<void>;
}

const RBD_ACCESS = { monitors: [{ host: '10.0.0.1' }], user: 'admin', secretUuid: '8f0bd1a4-6f2c-4b53-9d5a-2f6a1c3e7b90' };

let hired = 0;

/** Starts a worker; it is closed with the cluster, if not before. */
export async function hireWorker(
  {
    history,
    redisUrl,
    keys,
    session,
    hypervisors,
    ceph,
    osdHosts,
    libvirtAnswers,
    keepCount,
    ...options
  }: Surroundings & Partial<WorkerOptions> & Pick<WorkerOptions, 'hypervisors' | 'ceph' | 'osdHosts'>,
  closing: Closing,
): Promise<HiredWorker> {
  const name = options.name ?? `worker-${++hired}`;
  // Only the way to one server can be cut; whoever follows several is told their own addresses.
  const isOneServer = redisUrl.startsWith('redis://');
  const network = await startTcpProxy(isOneServer ? new URL(redisUrl).host : '127.0.0.1:1');
  const url = isOneServer ? `redis://${network.address}` : redisUrl;
  closing.add(() => network.close());
  const redis = connectPatiently(url);
  const listener = connectPatiently(url);
  const watch = await watchJobs(listener, keys, name);
  const cluster = await mirrorCluster(session, () => undefined);
  const worker = startWorker(
    {
      worker: name,
      redis,
      keys,
      watch,
      store: session,
      locks: jobLocks(session, { worker: name }),
      world: {
        ...documentsOf(session),
        cluster,
        expected: expectedVms(),
        hypervisors: history.hypervisors(hypervisors),
        ceph: history.ceph(ceph),
        osdHosts: history.osdHosts(osdHosts),
        newGuests: { domainType: 'kvm', rbdAccess: async () => RBD_ACCESS },
        libvirtAnswers,
        selector: 'mem',
        migrationBandwidth: 0,
      },
      opcodes: options.opcodes ?? registry,
      keepCount,
      takeUpLimit: options.takeUpLimit ?? 5,
      unknownOpcodeS: options.unknownOpcodeS ?? 60,
      opcodesPerNode: options.opcodesPerNode ?? 10_000,
      log: pino({ level: 'silent' }),
    },
    { openJobs: options.openJobs ?? 1000, keepS: options.keepS ?? 3600 },
  );
  let closed: Promise<void> | undefined;
  let cutOff = false;
  const comeBack = async () => {
    cutOff = false;
    // Its errors on the way are nobody's business.
    const back = [redis, listener].map((connection) => new Promise<void>((resolve) => void connection.once('ready', resolve)));
    network.thaw();
    await Promise.all(back);
  };
  const close = () =>
    (closed ??= (async () => {
      // It waits for Redis as long as it takes; the test does not.
      if (cutOff) await comeBack();
      await worker.close();
      watch.close();
      cluster.close();
      redis.disconnect();
      await session.close();
    })());
  closing.add(close);
  return {
    name,
    session,
    cut: () => network.cut(),
    loseAnswers: () => network.loseAnswers(),
    close,
    freeze() {
      cutOff = true;
      network.freeze();
    },
    async die() {
      cutOff = true;
      network.freeze();
      network.cut();
      await session.close();
    },
    comeBack,
  };
}
