// The worker of a process: the engine over the queue, the cluster state and the hypervisors.
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from '../../schemas/config.js';
import { documentsOf } from '../../src/cluster/cluster-documents.js';
import type { ClusterReader } from '../../src/cluster/cluster-reader.js';
import { jobLocks } from '../../src/cluster/job-locks.js';
import type { Store } from '../../src/cluster/store.js';
import { keysOf } from '../../src/jobs/keys.js';
import { connectPatiently } from '../../src/jobs/redis.js';
import { watchJobs } from '../../src/jobs/watch.js';
import type { Closing } from '../../src/process/closing.js';
import type { OpenCeph } from '../drivers/ceph.js';
import { libvirtAnswers } from '../drivers/libvirt/libvirt-answers.js';
import type { OpcodeDefinition } from '../engine/opcode.js';
import { startWorker } from '../engine/worker.js';
import { expectedVms } from '../placement/expected-vms.js';
import type { NewGuests } from '../engine/world.js';
import { rbdAccess } from '../drivers/ceph-commands/guest-access.js';
import type { ReachedNodes } from './reach-nodes.js';

/** After this a libvirt that says nothing is taken for dead. */
const LIBVIRT_PATIENCE_MS = 5000;

export interface WorkerParts extends ReachedNodes {
  config: Config;
  redisUrl: string;
  store: Store;
  cluster: ClusterReader;
  ceph: OpenCeph;
  opcodes: ReadonlyMap<string, OpcodeDefinition>;
  log: Logger;
}

/** The simulated Ceph has no monitor that anybody could reach. */
const accessOf = ({ cluster, ceph }: Config): NewGuests['rbdAccess'] =>
  cluster.store === 'memory'
    ? async () => ({ monitors: [{ host: 'simulated' }], user: 'admin', secretUuid: ceph.secret_uuid })
    : () => rbdAccess(ceph);

/** Starts it; answers its name. */
export async function runWorker(
  { config, redisUrl, store, cluster, hypervisors, osdHosts, ceph, opcodes, log }: WorkerParts,
  closing: Closing,
): Promise<string> {
  const worker = config.worker.name || `${hostname()}-${process.pid}`;
  const keys = keysOf(config.redis.prefix);
  const redis = connectPatiently(redisUrl);
  closing.add(() => redis.disconnect());
  const watch = await watchJobs(connectPatiently(redisUrl), keys, worker);
  closing.add(() => watch.close());
  const running = startWorker(
    {
      worker,
      redis,
      keys,
      watch,
      store,
      locks: jobLocks(store, { worker }),
      world: {
        ...documentsOf(store),
        cluster,
        expected: expectedVms(),
        hypervisors,
        ceph,
        osdHosts,
        newGuests: { domainType: config.worker.domain_type, rbdAccess: accessOf(config) },
        libvirtAnswers: (uri) => libvirtAnswers(uri, LIBVIRT_PATIENCE_MS),
        selector: config.worker.selector,
        migrationBandwidth: config.worker.migration_bandwidth,
      },
      opcodes,
      keepCount: config.jobs.keep_count,
      takeUpLimit: config.jobs.take_up_limit,
      unknownOpcodeS: config.jobs.unknown_opcode_s,
      opcodesPerNode: config.worker.opcodes_per_node,
      log,
    },
    { openJobs: config.worker.open_jobs, keepS: config.jobs.keep_s },
  );
  closing.add(() => running.close());
  return worker;
}
