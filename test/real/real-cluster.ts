// A cluster of rapid's real processes for one test file: two APIs, workers, and an agent on each of its nodes. Beside others in the same
// lab: jobs have a prefix of their own, the cluster's state a root of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Lock } from '../../schemas/resources/lock.js';
import { attachAgent, type AgentHandle } from '../lab/agent.js';
import { compiled } from '../lab/build.js';
import { type CephDescription, cephSettings } from '../lab/ceph-plan.js';
import type { Lab } from '../lab/lab.js';
import { HypervisorNode } from '../lab/node.js';
import { until } from '../lab/until.js';
import { apiClient, type ApiClient } from './api-client.js';
import { startRapid, type RapidProcess } from './rapid-process.js';
import { realGuest, type RealGuest } from './real-guest.js';
import { realLab } from './real-lab.js';
import { virsh } from './virsh.js';

export interface ClusterOptions {
  /** Names the cluster; one test file, one name. */
  readonly name: string;
  /** Which nodes of the lab it has. hv3 is left to those who break nodes. */
  readonly nodes?: readonly string[];
  readonly workers?: number;
  /** Servers in place of the lab's, for those who break them. */
  readonly redis?: string;
  readonly zookeeper?: string;
  /** A Ceph that is up; without one the cluster has none. */
  readonly ceph?: CephDescription;
}

export interface RealCluster {
  readonly lab: Lab;
  /** Asks the two APIs in turn. */
  readonly api: ApiClient;
  /** The cluster's. */
  readonly nodes: readonly HypervisorNode[];
  readonly apis: readonly RapidProcess[];
  /** Those that live, in the order in which they were started. */
  readonly workers: readonly RapidProcess[];
  /** What its keys in Redis begin with. */
  readonly prefix: string;
  /** A folder that is removed with the cluster. */
  readonly dir: string;
  node(name: string): HypervisorNode;
  agent(node: string): AgentHandle;
  guest(base: string): RealGuest;
  /** A guest that the API has defined; on that node when one is named. */
  defined(base: string, node?: string, more?: Parameters<RealGuest['xml']>[0]): Promise<RealGuest>;
  /** One that was started too, and has come up. */
  running(base: string, node?: string, more?: Parameters<RealGuest['xml']>[0]): Promise<RealGuest>;
  /** One more worker; the compiled one, unless another program is given. */
  startWorker(name: string, argv?: readonly string[], env?: Record<string, string>): Promise<RapidProcess>;
  stateOf(guest: RealGuest): Promise<string>;
  /** The locks that jobs hold or wait for; that of the primary is always held by an agent. */
  locksOfJobs(): Promise<Lock[]>;
  close(): Promise<void>;
}

/** Brings it up; the lab too when it is not. */
export async function startCluster(options: ClusterOptions): Promise<RealCluster> {
  const lab = await realLab();
  const { name, nodes: own = ['hv1', 'hv2'], workers: workerCount = 1, ceph } = options;
  const dir = await mkdtemp(join(tmpdir(), `rapid-${name}-`));
  const id = basename(dir);
  const redis = options.redis ?? lab.redis.url;
  const zookeeper = options.zookeeper ?? lab.zookeeper.connect;
  const root = `/${id}`;
  const prefix = `{${id}}`;
  const shared = {
    RAPID_REDIS_URL: redis,
    RAPID_REDIS_PREFIX: prefix,
    RAPID_CLUSTER_STORE: 'zookeeper',
    RAPID_CLUSTER_ZOOKEEPER: zookeeper,
    RAPID_CLUSTER_ROOT: root,
    ...(ceph === undefined ? {} : cephEnvironment(ceph)),
  };
  const nodes = lab.nodes.filter((node) => own.includes(node.name)).map((node) => new HypervisorNode(node));
  const agents = new Map<string, AgentHandle>(
    nodes.map(({ name: node, description }) => [
      node,
      attachAgent(description, {
        cluster: { redis, prefix, zookeeper, root },
        dir: join(dir, node),
        outlive: false,
        ...(ceph === undefined ? {} : { ceph: cephSettings(ceph, node) }),
      }),
    ]),
  );
  const started: RapidProcess[] = [];
  const guests: RealGuest[] = [];

  const startWorker: RealCluster['startWorker'] = async (worker, argv = [compiled('workers/worker')], env = {}) => {
    const process = await startRapid(argv, { ...shared, RAPID_WORKER_NAME: worker, ...env });
    started.push(process);
    return process;
  };
  const startApi = () => startRapid([compiled('src/process/api')], { ...shared, RAPID_LISTEN: '127.0.0.1:0' });
  const [apis] = await Promise.all([
    Promise.all([startApi(), startApi()]),
    ...[...agents.values()].map((agent) => agent.restart()),
    ...Array.from({ length: workerCount }, (_, index) => startWorker(`w${index + 1}`)),
  ]);
  const api = apiClient(...apis.map(({ ready }) => ready.slice(ready.indexOf('http'))));
  await until('the nodes of the cluster', async () => {
    const { body } = await api.call('GET', '/api/v1/node');
    return body.length === own.length && body.every(({ daemon_state }: { daemon_state: string }) => daemon_state === 'run');
  });

  const found = <T>(what: T | undefined, of: string): T => {
    if (what === undefined) throw new Error(`${of} is not of this cluster`);
    return what;
  };
  const guest = (base: string) => {
    const made = realGuest(lab, base);
    guests.push(made);
    return made;
  };
  const defined: RealCluster['defined'] = async (base, node, more) => {
    const made = guest(base);
    const { status, body } = await api.doing('POST', '/api/v1/vm', { xml: made.xml(more), ...(node === undefined ? {} : { node }) });
    if (status !== 200) throw new Error(`${made.name} could not be defined: ${JSON.stringify(body)}`);
    return made;
  };
  /** Whatever a test has left behind; a guest that is not there is fine. */
  const removeGuest = async ({ uuid }: RealGuest) => {
    for (const node of nodes) {
      await virsh(node, 'destroy', uuid).catch(() => undefined);
      await virsh(node, 'undefine', uuid).catch(() => undefined);
    }
  };

  return {
    lab,
    api,
    nodes,
    apis,
    get workers() {
      return started.filter((worker) => worker.lives());
    },
    prefix,
    dir,
    node: (wanted) =>
      found(
        nodes.find((node) => node.name === wanted),
        wanted,
      ),
    agent: (node) => found(agents.get(node), node),
    guest,
    defined,
    async running(base, node, more) {
      const made = await defined(base, node, more);
      const { status, body } = await api.doing('POST', made.statePath, { state: 'start' });
      if (status !== 200) throw new Error(`${made.name} could not be started: ${JSON.stringify(body)}`);
      await made.up();
      return made;
    },
    startWorker,
    async locksOfJobs() {
      const { body } = await api.call('GET', '/api/v1/locks');
      return (body as Lock[]).filter(({ holders, waiters }) => [...holders, ...waiters].some(({ job }) => job !== 0));
    },
    stateOf: async ({ statePath }) => (await api.call('GET', statePath)).body.state,
    async close() {
      await Promise.all([
        ...apis.map((process) => process.stop()),
        ...started.map((worker) => worker.stop()),
        ...[...agents.values()].map((agent) => agent.stop()),
      ]);
      await Promise.all(guests.map(removeGuest));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The settings of a process that is told by its environment. */
const cephEnvironment = (ceph: CephDescription): Record<string, string> =>
  Object.fromEntries(Object.entries(cephSettings(ceph).ceph).map(([key, value]) => [`RAPID_CEPH_${key.toUpperCase()}`, value]));
