/** The whole lab: Redis, ZooKeeper and three hypervisor nodes, brought up, found again, and taken away. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attachCeph, type CephHandle, removeCeph } from './ceph.js';
import { type CephDescription, describeCeph } from './ceph-plan.js';
import { raiseBridge, removeBridge } from './bridge.js';
import { ensureGuestImage, type GuestImage } from './guest-image.js';
import { HypervisorNode } from './node.js';
import { ensurePackages } from '../../workers/local-redis/debian-package.js';
import { type LabPlan, labFolder, type NodeDescription, planLab } from './plan.js';
import { allPids, killAll, programName, workingFolder } from './processes.js';
import { attachRedis, describeRedis, type RedisDescription, type RedisHandle } from './redis.js';
import { recordTenant, removeTenant, type Tenant, tenantsFolder } from './tenants.js';
import { inTurn } from './turn.js';
import { attachZooKeeper, describeZooKeeper, type ZooKeeperDescription, type ZooKeeperHandle } from './zookeeper.js';

/** Plain data: `attachRedis`, `attachZooKeeper`, `attachCeph` and `HypervisorNode` make handles of its parts in any process. */
export interface Lab {
  readonly dir: string;
  readonly bridge: string;
  readonly gateway: string;
  readonly consoleDir: string;
  readonly redis: RedisDescription;
  readonly zookeeper: ZooKeeperDescription;
  /** It runs only after `ensureCeph`. */
  readonly ceph: CephDescription;
  readonly nodes: readonly NodeDescription[];
  readonly guest: GuestImage;
}

export interface LabOptions {
  /** The lab's folder; RAPID_LAB_DIR or `.lab` in the project by default. */
  readonly dir?: string;
  /** Told what is being done, when it takes a while. */
  readonly progress?: (step: string) => void;
}

const PACKAGES = [
  'redis-server',
  'libzookeeper-java',
  'libvirt-daemon-system',
  'libvirt-clients',
  'qemu-system-x86',
  'busybox-static',
  'cpio',
  'iproute2',
];

/** Brings up what is not up, to stay until `stopLab`. Returns in well under a second when everything is. */
export async function ensureLab({ dir = labFolder(), progress = () => undefined }: LabOptions = {}): Promise<Lab> {
  return inTurn(dir, async () => {
    await recordTenant(dir, 'operator');
    return bringUp(dir, progress);
  });
}

/**
 * As `ensureLab`, for a test run: it stays until the last of them has left, unless it was up before. `first` is called, and what is broken
 * is mended, only when the run has not joined yet: after that it may be broken on purpose.
 */
export async function joinLab(
  tenant: Tenant,
  first: () => Promise<void>,
  { dir = labFolder(), progress = () => undefined }: LabOptions = {},
): Promise<Lab> {
  return inTurn(dir, async () => {
    const joined = (await recordTenant(dir, tenant)) ? undefined : await labOnRecord(planLab(await realpath(dir)));
    if (joined !== undefined) return joined;
    await first();
    return bringUp(dir, progress);
  });
}

/**
 * The lab's Ceph, up: not every user of the lab waits for it. For a test run what is broken of it is mended the first time only: after that
 * it may be broken on purpose.
 */
export async function ensureCeph({ dir, ceph }: Lab, tenant?: Tenant): Promise<CephHandle> {
  const handle = attachCeph(ceph);
  await inTurn(dir, async () => {
    const mended = join(ceph.dir, `mended-for-${tenant ?? 'operator'}`);
    if (tenant !== undefined && existsSync(mended)) return;
    if (!(await handle.isUp())) await handle.start();
    await writeFile(mended, '');
  });
  return handle;
}

/** Ends what `joinLab` began; nothing happens when the run never joined. */
export async function leaveLab(tenant: Tenant, { dir = labFolder(), progress = () => undefined }: LabOptions = {}): Promise<void> {
  await inTurn(dir, async () => {
    if (await removeTenant(dir, tenant)) await takeAway(dir, progress);
  });
}

/** Takes away everything that is the lab's, also what an interrupted run left. Only the cache folder stays. */
export async function stopLab({ dir = labFolder(), progress = () => undefined }: LabOptions = {}): Promise<void> {
  await inTurn(dir, () => takeAway(dir, progress));
}

/** Where the configuration for rapid itself is written. */
export function configFile(dir: string): string {
  return join(dir, 'rapid.yaml');
}

async function bringUp(dir: string, progress: (step: string) => void): Promise<Lab> {
  if (process.getuid?.() !== 0) throw new Error('the lab makes network namespaces and mounts: run it as root');
  const plan = planLab(await realpath(dir));
  progress('Debian packages');
  await ensurePackages(PACKAGES);
  progress('guest kernel and initrd');
  const guest = await ensureGuestImage(plan.cacheDir);
  progress(`bridge ${plan.bridge}`);
  await raiseBridge(plan);
  await mkdir(plan.consoleDir, { recursive: true });
  const lab = await recordLab(plan, guest);
  progress('Redis, ZooKeeper and the hypervisor nodes');
  await Promise.all([
    restartUnlessUp(attachRedis(lab.redis)),
    restartUnlessUp(attachZooKeeper(lab.zookeeper)),
    ...lab.nodes.map((node) => new HypervisorNode(node).start()),
  ]);
  return lab;
}

async function takeAway(dir: string, progress: (step: string) => void): Promise<void> {
  const plan = planLab(await realpath(dir));
  progress('hypervisor nodes, their agents and their guests');
  await Promise.all(plan.nodes.map((node) => new HypervisorNode(node).remove()));
  progress('Redis, ZooKeeper and Ceph');
  await removeCeph(plan.cephDir);
  await killAll('Redis and ZooKeeper', () => serversIn([plan.redisDir, plan.zookeeperDir]));
  await removeBridge(plan);
  const files = [plan.liveDir, tenantsFolder(plan.dir), recordFile(plan), configFile(plan.dir)];
  await Promise.all(files.map((file) => rm(file, { recursive: true, force: true })));
}

async function restartUnlessUp(server: RedisHandle | ZooKeeperHandle): Promise<void> {
  if (await server.isUp()) return;
  // One that nobody can address any more, because its folder or the record of its port was deleted.
  await killAll(`servers in ${server.dir}`, () => serversIn([server.dir]));
  await server.restart();
}

/** Written before anything is started, so that ports are the same when an interrupted start is taken up again. */
async function recordLab(plan: LabPlan, guest: GuestImage): Promise<Lab> {
  const { dir, bridge, gateway, consoleDir, nodes } = plan;
  const old = await labOnRecord(plan);
  const lab: Lab = {
    dir,
    bridge,
    gateway,
    consoleDir,
    redis: old?.redis ?? (await describeRedis({ dir: plan.redisDir, bind: [gateway, '127.0.0.1'], outlive: true })),
    // It listens on one address only; the bridge's one is good for this machine and for the nodes.
    zookeeper: old?.zookeeper ?? (await describeZooKeeper({ dir: plan.zookeeperDir, bind: gateway, outlive: true })),
    ceph: old?.ceph ?? (await describeCeph(plan.cephDir, gateway, true)),
    nodes,
    guest,
  };
  const draft = `${recordFile(plan)}.new`;
  await writeFile(draft, `${JSON.stringify(lab, undefined, 2)}\n`);
  await rename(draft, recordFile(plan));
  return lab;
}

/** Undefined also if the folder was moved here: names, addresses and paths have changed then. */
async function labOnRecord(plan: LabPlan): Promise<Lab | undefined> {
  const text = await readFile(recordFile(plan), 'utf8').catch(() => undefined);
  const lab = text === undefined ? undefined : (JSON.parse(text) as Lab);
  return lab?.dir === plan.dir ? lab : undefined;
}

function recordFile(plan: LabPlan): string {
  return join(plan.dir, 'lab.json');
}

/** Only servers: a shell that somebody opened in the folder is none of ours. */
function serversIn(folders: readonly string[]): number[] {
  return allPids().filter((pid) => {
    const folder = workingFolder(pid);
    const program = programName(pid);
    return folder !== undefined && folders.includes(folder) && (program === 'redis-server' || program === 'java');
  });
}
