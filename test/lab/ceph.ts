/** A real Ceph for the lab: one monitor, one manager, three OSDs on files in memory; and loop devices to make further OSDs of. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ensurePackages } from '../../workers/local-redis/debian-package.js';
import { keyringSection, newSecret, writeCephFiles } from './ceph-files.js';
import { type CephDescription, LAB_OSDS } from './ceph-plan.js';
import { Daemon } from './daemon.js';
import { freeLoopDevices } from './loop-device.js';
import { allPids, commandLine, killAll, programName } from './processes.js';
import { listens } from './tcp.js';
import { until } from './until.js';

const PACKAGES = ['ceph-mon', 'ceph-mgr', 'ceph-osd', 'ceph-common', 'qemu-block-extra', 'udev', 'lvm2'];
/** All that a command may take while the cluster comes up. */
const COMMAND_TIMEOUT_MS = 30_000;
const READY_WITHIN_MS = 60_000;

export interface CephHandle extends CephDescription {
  /** Whether its monitor answers and its own OSDs are up. */
  isUp(): Promise<boolean>;
  /** Brings up what is not up. */
  start(): Promise<void>;
  stopMon(): Promise<void>;
  startMon(): Promise<void>;
  /** Ends the daemon of one of its own OSDs as a crash does. */
  killOsd(id: number): Promise<void>;
  startOsd(id: number): Promise<void>;
  /** Runs `ceph` as client.admin and answers its JSON. */
  ceph(...words: string[]): Promise<unknown>;
  /** Runs `rbd` as client.admin. */
  rbd(...words: string[]): Promise<string>;
  /** Runs `rados` as client.admin. */
  rados(...words: string[]): Promise<string>;
}

interface OsdMap {
  osds: { osd: number; up: number; in: number }[];
}

/** The handle of a Ceph that is described, whether it runs or not. */
export function attachCeph(description: CephDescription): CephHandle {
  const { dir, conf, keyring, monDir, mgrDir, osdDirs, monAddress, fsid, outlive } = description;

  const client = ['--conf', conf, '--keyring', keyring, '--name', 'client.admin'];
  const command = (program: string, words: readonly string[], input?: string) =>
    execa(program, [...client, ...words], { timeout: COMMAND_TIMEOUT_MS, ...(input === undefined ? {} : { input }) });
  const ceph = async (...words: string[]): Promise<unknown> => {
    const { stdout } = await command('ceph', ['--format', 'json', ...words]);
    return stdout.trim() === '' ? undefined : (JSON.parse(stdout) as unknown);
  };

  const server = (name: string, folder: string, argv: readonly string[], ready: () => Promise<boolean>) =>
    new Daemon({ name, dir: folder, argv: [`ceph-${name}`, '--foreground', '--conf', conf, ...argv], outlive, ready });
  const mon = server('mon', monDir, ['--id', 'lab'], () => listens(monAddress.host, monAddress.port));
  const mgr = server('mgr', mgrDir, ['--id', 'lab'], async () => true);
  const osd = (id: number): Daemon => server('osd', osdDirOf(id), ['--id', String(id), '--osd-data', osdDirOf(id)], async () => true);

  function osdDirOf(id: number): string {
    const folder = osdDirs[id];
    if (folder === undefined) throw new Error(`the lab's Ceph has no OSD ${id} of its own`);
    return folder;
  }

  async function makeMon(): Promise<void> {
    if (existsSync(join(monDir, 'store.db'))) return;
    const map = join(dir, 'monmap');
    await execa('monmaptool', ['--create', '--clobber', '--fsid', fsid, '--addv', 'lab', description.monHost, map]);
    await execa('ceph-mon', ['--mkfs', '--conf', conf, '--id', 'lab', '--monmap', map, '--keyring', join(dir, 'initial.keyring')]);
  }

  async function makeOsd(id: number): Promise<void> {
    const folder = osdDirOf(id);
    if (existsSync(join(folder, 'ready'))) return;
    // What an interrupted start left of it.
    if (existsSync(folder)) await command('ceph', ['osd', 'purge', String(id), '--force', '--yes-i-really-mean-it']);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const [uuid, secret] = [randomUUID(), newSecret()];
    await command('ceph', ['osd', 'new', uuid, String(id), '-i', '-'], JSON.stringify({ cephx_secret: secret }));
    await writeFile(
      join(folder, 'keyring'),
      keyringSection(`osd.${id}`, secret, { mon: 'allow profile osd', mgr: 'allow profile osd', osd: 'allow *' }),
    );
    await execa('ceph-osd', ['--mkfs', '--conf', conf, '--id', String(id), '--osd-data', folder, '--osd-uuid', uuid]);
  }

  async function osdsUp(): Promise<boolean> {
    const { osds } = (await ceph('osd', 'dump')) as OsdMap;
    return LAB_OSDS.every((id) => osds.some((seen) => seen.osd === id && seen.up === 1));
  }

  const isUp = async (): Promise<boolean> =>
    [mon, mgr, ...LAB_OSDS.map(osd)].every((daemon) => daemon.pid !== undefined) && (await osdsUp().catch(() => false));

  async function startUnlessRunning(daemon: Daemon): Promise<void> {
    if (daemon.pid === undefined) await daemon.start();
  }

  return {
    ...description,
    isUp,
    async start() {
      await ensurePackages(PACKAGES);
      await writeCephFiles(description);
      await makeMon();
      await startUnlessRunning(mon);
      await startUnlessRunning(mgr);
      for (const id of LAB_OSDS) await makeOsd(id);
      await Promise.all(LAB_OSDS.map((id) => startUnlessRunning(osd(id))));
      await until("the OSDs of the lab's Ceph", osdsUp, { within: READY_WITHIN_MS, every: 200 });
    },
    stopMon: () => mon.stop(),
    startMon: () => startUnlessRunning(mon),
    killOsd: (id) => osd(id).kill(),
    startOsd: (id) => startUnlessRunning(osd(id)),
    ceph,
    rbd: async (...words) => (await command('rbd', words)).stdout,
    rados: async (...words) => (await command('rados', words)).stdout,
  };
}

/** Ends everything of the Ceph in that folder, also what an interrupted run left, and deletes its data. */
export async function removeCeph(dir: string): Promise<void> {
  await killAll("the lab's Ceph", () => daemonsOf(dir));
  await freeLoopDevices(dir);
  await rm(dir, { recursive: true, force: true });
}

/** Also those that rapid started of the OSDs it added: all are given the configuration of this Ceph. */
function daemonsOf(dir: string): number[] {
  return allPids().filter(
    (pid) => /^ceph-(mon|mgr|osd)$/.test(programName(pid) ?? '') && commandLine(pid).some((word) => word.startsWith(`${dir}/`)),
  );
}
