/** Where a lab lives and how its parts are called: all of it follows from its folder, so that it can always be found. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** Linux keeps it in memory. */
export const MEMORY_FOLDER = '/dev/shm';
const NODE_NAMES = ['hv1', 'hv2', 'hv3'] as const;

export interface NodeDescription {
  readonly name: string;
  readonly address: string;
  /** libvirt's URI of the node, good from this machine and from every node. */
  readonly uri: string;
  /** libvirt refuses to migrate between nodes with the same one. */
  readonly hostUuid: string;
  /** The node's own /etc/libvirt, /run/libvirt and so on. */
  readonly dir: string;
  readonly netns: string;
  /** Fixed, as a real network card's: others would go on sending to a former one after the node was off and on. */
  readonly mac: string;
  /** The end of the node's network cable that is on this machine's side. */
  readonly veth: string;
  readonly bridge: string;
  readonly gateway: string;
  /** What every node has in /etc/hosts. */
  readonly hosts: Readonly<Record<string, string>>;
}

export interface LabPlan {
  readonly dir: string;
  /** What lives only as long as the lab: in memory where the machine has a folder for that, because a disk that stalls ends sessions and fails nodes. */
  readonly liveDir: string;
  readonly bridge: string;
  readonly bridgeMac: string;
  /** This machine's address on the bridge. */
  readonly gateway: string;
  /** What is slow to make and survives `down`. */
  readonly cacheDir: string;
  /** Where guests write their serial consoles, whatever node they are on. */
  readonly consoleDir: string;
  readonly redisDir: string;
  readonly zookeeperDir: string;
  readonly cephDir: string;
  readonly nodesDir: string;
  readonly nodes: readonly NodeDescription[];
}

/** The folder of the lab: RAPID_LAB_DIR if set, else `.lab` in the project. */
export function labFolder(): string {
  return resolve(process.env['RAPID_LAB_DIR'] ?? join(PROJECT, '.lab'));
}

export function planLab(dir: string = labFolder()): LabPlan {
  // Labs of different checkouts on one machine differ in names and addresses. Linux allows interface names 15 characters.
  const digest = createHash('sha256').update(dir).digest();
  const tag = `rlab-${digest.toString('hex').slice(0, 4)}`;
  const subnet = `10.99.${digest[2]}`;
  const address = (index: number) => `${subnet}.${11 + index}`;
  const gateway = `${subnet}.1`;
  const hosts = Object.fromEntries(NODE_NAMES.map((name, index) => [name, address(index)]));
  const liveDir = existsSync(MEMORY_FOLDER) ? join(MEMORY_FOLDER, tag) : join(dir, 'live');
  const nodesDir = join(liveDir, 'nodes');
  return {
    dir,
    liveDir,
    bridge: tag,
    bridgeMac: macOf(gateway),
    gateway,
    cacheDir: join(dir, 'cache'),
    consoleDir: join(liveDir, 'consoles'),
    redisDir: join(liveDir, 'redis'),
    zookeeperDir: join(liveDir, 'zookeeper'),
    cephDir: join(liveDir, 'ceph'),
    nodesDir,
    nodes: NODE_NAMES.map((name, index) => ({
      name,
      address: address(index),
      uri: `qemu+tcp://${address(index)}/system`,
      hostUuid: uuidOf(`${tag} ${name}`),
      dir: join(nodesDir, name),
      netns: `${tag}-${name}`,
      mac: macOf(address(index)),
      veth: `${tag}-${index + 1}`,
      bridge: tag,
      gateway,
      hosts,
    })),
  };
}

/** A locally administered one, made of the IPv4 address. */
function macOf(address: string): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return ['02', '99', ...bytes].join(':');
}

export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
