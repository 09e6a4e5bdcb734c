/** A Redis server of the lab's own, set up as rapid needs it: append-only, and never throwing data away. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Daemon } from './daemon.js';
import { ensurePackages } from '../../workers/local-redis/debian-package.js';
import { ask, freePort } from './tcp.js';

export interface RedisOptions {
  readonly dir: string;
  /** A free one is chosen if none is given. */
  readonly port?: number;
  /** Addresses to listen on; the first one is the one in the URL. */
  readonly bind?: readonly string[];
  readonly appendfsync?: 'always' | 'everysec';
  /** Whether it goes on when the process that started it ends; it does not by default. */
  readonly outlive?: boolean;
}

/** Everything needed to find the server again, also from another process. */
export interface RedisDescription extends Required<RedisOptions> {
  readonly url: string;
}

export interface RedisHandle extends RedisDescription {
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Whether it runs and answers. */
  isUp(): Promise<boolean>;
  /** Ends it as an operator would: what it was told is on disk. */
  stop(): Promise<void>;
  /** Ends it as a power failure would (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again, ending it first if it runs, with the same data and port; returns once the data is loaded. */
  restart(): Promise<void>;
}

export async function describeRedis(options: RedisOptions): Promise<RedisDescription> {
  const { bind = ['127.0.0.1'], appendfsync = 'everysec', outlive = false } = options;
  const port = options.port ?? (await freePort(bind));
  return { dir: resolve(options.dir), port, bind, appendfsync, outlive, url: `redis://${bind[0]}:${port}` };
}

export async function startRedis(options: RedisOptions): Promise<RedisHandle> {
  const handle = attachRedis(await describeRedis(options));
  await handle.restart();
  return handle;
}

/** The handle of a server that is described, whether it runs or not. */
export function attachRedis(description: RedisDescription): RedisHandle {
  const { dir, port, bind, outlive } = description;
  const host = bind[0] ?? '127.0.0.1';
  const configFile = join(dir, 'redis.conf');
  const ready = async () => {
    // While it loads its data it answers -LOADING.
    const answer = await ask(host, port, { request: 'PING\r\n', complete: /\r\n/ });
    return answer?.startsWith('+PONG') ?? false;
  };
  const daemon = new Daemon({ name: 'redis', dir, argv: ['redis-server', configFile], outlive, ready });
  return {
    ...description,
    get pid() {
      return daemon.pid;
    },
    isUp: async () => daemon.pid !== undefined && (await ready()),
    stop: () => daemon.stop(),
    kill: () => daemon.kill(),
    restart: async () => {
      await ensurePackages(['redis-server']);
      await mkdir(dir, { recursive: true });
      await writeFile(configFile, configuration(description));
      await daemon.restart();
    },
  };
}

function configuration({ dir, port, bind, appendfsync }: RedisDescription): string {
  return [
    `bind ${bind.join(' ')}`,
    `port ${port}`,
    // It listens on addresses of this machine and the lab only, and the lab's nodes have no password.
    'protected-mode no',
    `dir "${dir}"`,
    'appendonly yes',
    `appendfsync ${appendfsync}`,
    'save ""',
    'maxmemory-policy noeviction',
    'daemonize no',
    '',
  ].join('\n');
}
