/** rapid's agent inside a hypervisor node of the lab, as a server like the others: found again, and ended with its node. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { compiled } from './build.js';
import type { cephSettings } from './ceph-plan.js';
import { Daemon } from './daemon.js';
import { HypervisorNode } from './node.js';
import type { NodeDescription } from './plan.js';

/** Where the cluster is that the agent reports to. */
export interface ClusterAddress {
  /** Good from within the nodes too. */
  readonly redis: string;
  /** What its keys in Redis begin with, when it is not rapid's default. */
  readonly prefix?: string;
  readonly zookeeper: string;
  /** The root of the cluster in ZooKeeper, when it is not rapid's default one. */
  readonly root?: string;
}

export interface AgentOptions {
  readonly cluster: ClusterAddress;
  /** For its configuration, log and process id. Agents of several clusters may run on one node, each in a folder of its own. */
  readonly dir: string;
  /** Whether it goes on when the process that started it ends. */
  readonly outlive: boolean;
  /** How it reaches a Ceph. */
  readonly ceph?: ReturnType<typeof cephSettings>;
}

export interface AgentHandle {
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
  /** Ends it as a crash does (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it, ending it first if it runs; returns when it has reported its node. */
  restart(): Promise<void>;
}

/** The settings of rapid's processes in that cluster, as they stand in a configuration file. */
export function clusterSettings({ redis, prefix, zookeeper, root }: ClusterAddress) {
  return {
    redis: { url: redis, ...(prefix === undefined ? {} : { prefix }) },
    cluster: { store: 'zookeeper', zookeeper, ...(root === undefined ? {} : { root }) },
  };
}

/** The agent of that node and cluster, whether it runs or not. */
export function attachAgent(node: NodeDescription, { cluster, dir, outlive, ceph }: AgentOptions): AgentHandle {
  const configFile = join(dir, 'agent.yaml');
  const logFile = join(dir, 'agent.log');
  const settings = {
    ...clusterSettings(cluster),
    ...ceph,
    agent: { node: node.name, libvirt_uri: 'qemu:///system', remote_uri: node.uri },
  };
  const daemon = () =>
    new Daemon({
      name: 'agent',
      dir,
      argv: new HypervisorNode(node).command([process.execPath, compiled('workers/agent')], { cwd: dir }),
      env: { PATH: process.env['PATH'], RAPID_CONFIG: configFile },
      outlive,
      ready: async () => (await readFile(logFile, 'utf8').catch(() => '')).includes(`the agent of node ${node.name} is ready`),
    });
  return {
    get pid() {
      return daemon().pid;
    },
    stop: () => daemon().stop(),
    kill: () => daemon().kill(),
    async restart() {
      await daemon().stop();
      await mkdir(dir, { recursive: true });
      // What an earlier one said must not be taken for this one's.
      await rm(logFile, { force: true });
      await writeFile(configFile, stringify(settings));
      await daemon().start();
    },
  };
}
