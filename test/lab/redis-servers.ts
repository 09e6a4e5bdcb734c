/** Redis as deployments have it: a master with replicas and Sentinels, a cluster, a server with TLS and users. Real processes, for one test file. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { ensurePackages } from '../../workers/local-redis/debian-package.js';
import { Daemon } from './daemon.js';
import { freePort, listens } from './tcp.js';
import { until } from './until.js';

const HOST = '127.0.0.1';
const COMMON = ['bind 127.0.0.1', 'protected-mode no', 'save ""', 'daemonize no'];
const DURABLE = ['appendonly yes', 'appendfsync always', 'maxmemory-policy noeviction'];

export interface RedisServer {
  port: number;
  dir: string;
  kill(): Promise<void>;
  restart(): Promise<void>;
}

export interface RedisServers {
  url: string;
  servers: RedisServer[];
  stop(): Promise<void>;
}

/** One process; `lines` are its configuration besides port and folder. */
async function startServer(root: string, name: string, lines: readonly string[], mode: string[] = [], port?: number): Promise<RedisServer> {
  await ensurePackages(['redis-server']);
  const own = port ?? (await freePort([HOST]));
  const dir = join(root, name);
  const configFile = join(root, `${name}.conf`);
  await writeFile(configFile, [...COMMON, ...lines.map((line) => line.replace('PORT', String(own))), ''].join('\n'));
  const daemon = new Daemon({ name, dir, argv: ['redis-server', configFile, ...mode], outlive: false, ready: () => listens(HOST, own) });
  await daemon.start();
  return { port: own, dir, kill: () => daemon.kill(), restart: () => daemon.restart() };
}

async function withFolder(start: (root: string) => Promise<Omit<RedisServers, 'stop'>>): Promise<RedisServers> {
  const root = await mkdtemp(join(tmpdir(), 'rapid-redis-'));
  const started = await start(root);
  return {
    ...started,
    async stop() {
      await Promise.all(started.servers.map((server) => server.kill()));
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function asking<T>(port: number, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ host: HOST, port });
  redis.on('error', () => undefined);
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

/** A master (the first server), two replicas and three Sentinels. */
export const startReplicated = (): Promise<RedisServers> =>
  withFolder(async (root) => {
    const master = await startServer(root, 'redis-0', ['port PORT', ...DURABLE, 'repl-diskless-sync-delay 0']);
    const replica = (name: string) => startServer(root, name, ['port PORT', ...DURABLE, `replicaof ${HOST} ${master.port}`]);
    const replicas = await Promise.all(['redis-1', 'redis-2'].map(replica));
    await until('the replicas', () =>
      asking(master.port, async (redis) => ((await redis.info('replication')).match(/state=online/g) ?? []).length === 2),
    );
    const watched = [
      `sentinel monitor rapid ${HOST} ${master.port} 2`,
      'sentinel down-after-milliseconds rapid 1000',
      'sentinel failover-timeout rapid 4000',
    ];
    const sentinel = (name: string) => startServer(root, name, ['port PORT', ...watched], ['--sentinel']);
    const sentinels = await Promise.all(['sentinel-0', 'sentinel-1', 'sentinel-2'].map(sentinel));
    await until('the Sentinels to know each other and the replicas', async () => {
      const questions = sentinels.map(({ port }) => asking(port, (redis) => redis.call('SENTINEL', 'MASTER', 'rapid')));
      const answers = (await Promise.all(questions)).map((answer) => JSON.stringify(answer));
      return answers.every((answer) => /num-slaves"[,:]"2"/.test(answer) && /num-other-sentinels"[,:]"2"/.test(answer));
    });
    const url = `redis+sentinel://${sentinels.map(({ port }) => `${HOST}:${port}`).join(',')}/rapid/0`;
    return { url, servers: [master, ...replicas, ...sentinels] };
  });

const SLOTS = [
  [0, 5460],
  [5461, 10_922],
  [10_923, 16_383],
] as const;

/** Three masters. */
export const startMasters = (): Promise<RedisServers> =>
  withFolder(async (root) => {
    const servers = await Promise.all(
      SLOTS.map(async (_, index) => {
        const bus = await freePort([HOST]);
        const lines = ['port PORT', ...DURABLE, 'cluster-enabled yes', `cluster-port ${bus}`, 'cluster-node-timeout 2000'];
        return { bus, server: await startServer(root, `redis-${index}`, lines) };
      }),
    );
    const all = servers.map(({ server }) => server.port);
    // Each must have its epoch before it knows another one.
    for (const [index, port] of all.entries()) {
      const [from, to] = SLOTS[index] ?? [0, 0];
      await asking(port, async (redis) => {
        await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
        await redis.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
      });
    }
    for (const { server, bus } of servers.slice(1))
      await asking(all[0] ?? 0, (redis) => redis.call('CLUSTER', 'MEET', HOST, String(server.port), String(bus)));
    await until('the cluster', async () => {
      const states = await Promise.all(servers.map(({ server }) => asking(server.port, (redis) => redis.cluster('INFO'))));
      return states.every((state) => state.includes('cluster_state:ok') && state.includes('cluster_known_nodes:3'));
    });
    return {
      url: `redis+cluster://${servers.map(({ server }) => `${HOST}:${server.port}`).join(',')}`,
      servers: servers.map(({ server }) => server),
    };
  });

export interface SecuredRedis extends RedisServers {
  ca: string;
  /** The address without user and password. */
  host: string;
}

/** One server that speaks TLS only, under a certificate of an authority of its own, and has one user, `rapid`, with the password `p@ss:word`. */
export async function startSecured(): Promise<SecuredRedis> {
  let ca = '';
  let host = '';
  const started = await withFolder(async (root) => {
    const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: root });
    await openssl(...'req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.crt -subj /CN=authority'.split(' '));
    await openssl(...'req -newkey rsa:2048 -nodes -keyout redis.key -out redis.csr -subj /CN=redis'.split(' '));
    await writeFile(join(root, 'san'), 'subjectAltName=IP:127.0.0.1\n');
    await openssl(...'x509 -req -in redis.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out redis.crt -extfile san'.split(' '));
    ca = join(root, 'ca.crt');
    const files = [`tls-cert-file ${root}/redis.crt`, `tls-key-file ${root}/redis.key`, `tls-ca-cert-file ${root}/ca.crt`];
    const users = ['user default off', 'user rapid on >p@ss:word ~{test-*}* &{test-*}* +@all -@dangerous +info'];
    const server = await startServer(root, 'redis', ['port 0', 'tls-port PORT', 'tls-auth-clients no', ...files, ...users, ...DURABLE]);
    host = `${HOST}:${server.port}`;
    return { url: `rediss://rapid:${encodeURIComponent('p@ss:word')}@${host}/0?ca=${encodeURIComponent(ca)}`, servers: [server] };
  });
  return { ...started, ca, host };
}
