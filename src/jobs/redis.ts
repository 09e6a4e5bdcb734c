// Connections to Redis, with rapid's scripts as commands. Two kinds, because a lost answer means different things to them. Neither stays
// with a server that has fallen silent, or that has become a replica.
import { Cluster, Redis, type ClusterOptions, type RedisOptions } from 'ioredis';
import { redisAddress, type RedisAddress } from './redis-address.js';
import { scripts } from './scripts/commands.js';

export type { Redis } from 'ioredis';

const RETRY_MS = 500;
/** Longer than any answer takes: a worker's command waits up to 2 s for something to do. With the pulse under 10 s in all. */
const SILENT_MS = 6000;
/** How often a connection that has nothing to say makes sure that it is alive. */
const PULSE_MS = 2000;
const DEMOTED = 'READONLY';

type Manner = Pick<RedisOptions, 'autoResendUnfulfilledCommands' | 'maxRetriesPerRequest' | 'commandTimeout' | 'reconnectOnError'> & {
  cluster: Pick<ClusterOptions, 'retryDelayOnFailover' | 'maxRedirections'>;
};

/**
 * For requests of clients: a call fails when the connection breaks under it, because a submission must not be sent a second time by
 * itself, and a client rather hears 503 than nothing.
 */
export function connectForRequests(url: string): Redis {
  return connect(url, {
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 2,
    // What was sent on a connection that broke is not answered, and fails by this alone.
    commandTimeout: SILENT_MS,
    reconnectOnError: (error) => error.message.includes(DEMOTED),
    cluster: { retryDelayOnFailover: 0, maxRedirections: 5 },
  });
}

/** For workers, agents and listeners: a call waits until Redis is back. All that they send is repeatable. */
export function connectPatiently(url: string): Redis {
  return connect(url, {
    maxRetriesPerRequest: null,
    // 2: the command is sent again.
    reconnectOnError: (error) => (error.message.includes(DEMOTED) ? 2 : false),
    cluster: { retryDelayOnFailover: 200, maxRedirections: Number.MAX_SAFE_INTEGER },
  });
}

/** How many replicas must have what a connection has written before it counts. */
const replicasOf = new WeakMap<Redis, number>();
export const replicasWanted = (redis: Redis): number => replicasOf.get(redis) ?? 0;

function connect(url: string, { cluster, ...manner }: Manner): Redis {
  const address = redisAddress(url);
  const { db, username, password, tls } = address;
  const options: RedisOptions = {
    ...manner,
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    connectTimeout: SILENT_MS,
    socketTimeout: SILENT_MS,
  };
  const redis: Redis | Cluster =
    address.kind === 'cluster' ? connectToCluster(address, options, cluster) : connectToServer(address, options);
  replicasOf.set(redis as Redis, address.replicas);
  // Without a listener a broken connection would end the process; ioredis reconnects by itself, and calls report what matters.
  redis.on('error', () => undefined);
  keepPulse(redis);
  // It has all of Redis' commands that are used here, and BullMQ knows it by itself.
  return redis as Redis;
}

function connectToServer({ kind, hosts, masterName, tls }: RedisAddress, options: RedisOptions): Redis {
  const common = { ...options, scripts, retryStrategy: () => RETRY_MS };
  if (kind === 'server') return new Redis({ ...common, ...hosts[0] });
  return new Redis({
    ...common,
    sentinels: hosts.filter((host) => 'host' in host),
    name: masterName,
    sentinelRetryStrategy: () => RETRY_MS,
    enableTLSForSentinelMode: tls !== undefined,
    ...(tls === undefined ? {} : { sentinelTLS: tls }),
    // No failoverDetector: a switch that it hears of while the client is connecting ends the client for good. A master that was demoted says
    // so when it is written to.
  });
}

function connectToCluster({ hosts }: RedisAddress, redisOptions: RedisOptions, manner: ClusterOptions): Cluster {
  return new Cluster(
    hosts.filter((host) => 'host' in host),
    {
      ...manner,
      scripts,
      redisOptions,
      clusterRetryStrategy: () => RETRY_MS,
      slotsRefreshTimeout: SILENT_MS,
      slotsRefreshInterval: PULSE_MS,
    },
  );
}

/** A connection without traffic notices nothing: so there is some. */
function keepPulse(redis: Redis | Cluster): void {
  const asked = new Set<Redis>();
  const timer = setInterval(() => {
    for (const server of redis instanceof Cluster ? redis.nodes('master') : [redis]) {
      if (asked.has(server) || server.status !== 'ready') continue;
      asked.add(server);
      const answered = () => void asked.delete(server);
      server.ping().then(answered, answered);
    }
  }, PULSE_MS);
  timer.unref();
  redis.once('end', () => clearInterval(timer));
}
