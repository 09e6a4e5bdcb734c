// A real libvirtd of the test's own: in a mount namespace, so that it shares no folder with another one on the machine, listening on
// a TCP port of the loopback. It can be stopped, killed and started again; its guests outlive it, as everywhere.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { patience } from '../lab/patience.js';
import { missingLibvirt } from './plain-domain-xml.js';

export interface PrivateLibvirtd {
  uri: string;
  start(): Promise<void>;
  lives(): boolean;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Kills it as a crash does. */
  kill(): Promise<void>;
  /** Kills the QEMU of a guest. */
  killGuest(name: string): Promise<void>;
  /** Lets the QEMU of a guest stand still, and go on. */
  signalGuest(name: string, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** Its process, while it lives. */
  daemons(): Promise<string[]>;
  /** Ends it, its guests too, and removes its folder. */
  remove(): Promise<void>;
}

const LIBVIRTD = '/usr/sbin/libvirtd';
const QEMU = '/usr/bin/qemu-system-x86_64';

/** Why no libvirtd of one's own can run here, or undefined when it can. */
export function missingLibvirtd(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, for a mount namespace';
  for (const program of [LIBVIRTD, QEMU]) if (!existsSync(program)) return `${program} is not on this machine`;
  return missingLibvirt();
}

/** The folders of libvirt that this one must not share, by the name of their private copy. */
const FOLDERS = { etc: '/etc/libvirt', run: '/run/libvirt', lib: '/var/lib/libvirt', cache: '/var/cache/libvirt' };

/** Migrations come in on ports of each libvirtd's own, so that several can be on one machine. */
const MIGRATION_PORTS = { first: 20_000, perLibvirtd: 16, libvirtds: 700 };

/** libvirt takes no 127.0.0.1 for another host's address, but any other one of the loopback. */
const qemuConf = (firstPort: number) => `migration_host = "127.0.0.2"
migration_port_min = ${firstPort}
migration_port_max = ${firstPort + MIGRATION_PORTS.perLibvirtd - 1}
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
remember_owner = 0
stdio_handler = "file"
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
}

/** libvirt writes each guest's process number into this folder, `<name>.pid`. */
async function signalGuests(folder: string, chosen: (file: string) => boolean, signal: NodeJS.Signals): Promise<void> {
  const files = existsSync(folder) ? await readdir(folder) : [];
  for (const file of files.filter((name) => name.endsWith('.pid') && chosen(name))) {
    try {
      process.kill(Number(await readFile(join(folder, file), 'utf8')), signal);
    } catch {
      // It ended by itself.
    }
  }
}

export async function privateLibvirtd(): Promise<PrivateLibvirtd> {
  const directory = await mkdtemp(join(tmpdir(), 'libvirtd-'));
  const port = await freePort();
  for (const folder of Object.keys(FOLDERS)) await mkdir(join(directory, folder));
  await writeFile(
    join(directory, 'etc', 'libvirtd.conf'),
    `listen_tls = 0\nlisten_tcp = 1\nlisten_addr = "127.0.0.1"\ntcp_port = "${port}"\nauth_tcp = "none"\nhost_uuid = "${randomUUID()}"\n`,
  );
  const { first, perLibvirtd, libvirtds } = MIGRATION_PORTS;
  await writeFile(join(directory, 'etc', 'qemu.conf'), qemuConf(first + perLibvirtd * randomInt(libvirtds)));
  const mounts = Object.entries(FOLDERS).map(([copy, folder]) => `mkdir -p ${folder} && mount --bind ${join(directory, copy)} ${folder}`);
  const script = [...mounts, `exec ${LIBVIRTD} --listen --pid-file /run/libvirt/libvirtd.pid`].join(' && ');
  const guests = join(directory, 'run', 'qemu');
  let daemon: ChildProcess | undefined;

  // A run of tests that breaks off leaves no daemon behind.
  process.once('exit', () => daemon?.kill('SIGKILL'));

  const lives = () => daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null;

  async function kill(): Promise<void> {
    if (daemon === undefined || !lives()) return;
    const exit = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await exit;
  }

  return {
    uri: `qemu+tcp://127.0.0.1:${port}/system`,
    async start() {
      daemon = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], { stdio: 'ignore' });
      await vi.waitUntil(() => answers(port), { timeout: patience(20_000) });
    },
    signal(name) {
      daemon?.kill(name);
    },
    lives,
    kill,
    killGuest: (name) => signalGuests(guests, (file) => file === `${name}.pid`, 'SIGKILL'),
    signalGuest: (name, signal) => signalGuests(guests, (file) => file === `${name}.pid`, signal),
    daemons: async () => (lives() ? [String(daemon?.pid)] : []),
    async remove() {
      await kill();
      await signalGuests(guests, () => true, 'SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
