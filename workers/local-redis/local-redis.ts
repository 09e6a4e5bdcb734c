// The Redis of the embedded default: an own server process in the state folder, which keeps every accepted job through any crash.
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { ensurePackages } from './debian-package.js';

export interface LocalRedis {
  /** What a client connects to: the path of a socket. */
  url: string;
  /** Ends the server; everything that it was told is on disk. */
  close(): Promise<void>;
}

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;
/** The longest path that a Unix socket can have, with room to spare. */
const LONGEST_SOCKET_PATH = 100;

/** Starts a server that keeps its data in `<stateDir>/redis`, installing redis-server first if need be and possible. */
export async function startLocalRedis(stateDir: string): Promise<LocalRedis> {
  if (!(await isInstalled('redis-server'))) await ensurePackages(['redis-server']);
  const dir = resolve(stateDir, 'redis');
  await mkdir(dir, { recursive: true });
  const socket = socketFor(dir);
  await stopServerAt(socket);
  const configFile = join(dir, 'redis.conf');
  await writeFile(configFile, configuration(dir, socket));
  // In a process group of its own, so that Ctrl-C reaches rapid first; and ended by the kernel should rapid be killed.
  const server = execa('setpriv', ['--pdeathsig', 'TERM', 'redis-server', configFile], {
    detached: true,
    stdio: 'ignore',
    reject: false,
    cleanup: false,
  });
  await untilLoaded(socket, server);
  return {
    url: socket,
    async close() {
      server.kill('SIGTERM');
      await Promise.race([server, new Promise((stop) => setTimeout(stop, STOP_WITHIN_MS).unref())]);
    },
  };
}

function socketFor(dir: string): string {
  const path = join(dir, 'redis.sock');
  if (path.length <= LONGEST_SOCKET_PATH) return path;
  return join(tmpdir(), `rapid-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}.sock`);
}

const configuration = (dir: string, socket: string) =>
  [
    'port 0',
    `unixsocket "${socket}"`,
    'unixsocketperm 600',
    `dir "${dir}"`,
    `logfile "${join(dir, 'redis.log')}"`,
    'appendonly yes',
    'appendfsync always',
    'save ""',
    'maxmemory-policy noeviction',
    '',
  ].join('\n');

async function isInstalled(program: string): Promise<boolean> {
  return !(await execa(program, ['--version'], { reject: false })).failed;
}

/** A server that outlived an earlier rapid would keep the data to itself. */
async function stopServerAt(socket: string): Promise<void> {
  const redis = new Redis(socket, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  await redis
    .connect()
    .then(() => redis.shutdown())
    .catch(() => undefined);
  redis.disconnect();
}

async function untilLoaded(socket: string, server: PromiseLike<{ exitCode?: number | undefined }>): Promise<void> {
  const redis = new Redis(socket, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  let late: NodeJS.Timeout | undefined;
  try {
    // ioredis is ready when the server has loaded its data.
    await Promise.race([
      redis.ping(),
      server.then(({ exitCode }) => {
        throw new Error(`redis-server ended at once with exit code ${exitCode}; its log stands beside its socket, ${socket}`);
      }),
      new Promise((_, reject) => {
        late = setTimeout(() => reject(new Error(`redis-server was not ready within ${READY_WITHIN_MS / 1000} s`)), READY_WITHIN_MS);
      }),
    ]);
  } finally {
    clearTimeout(late);
    redis.disconnect();
  }
}
