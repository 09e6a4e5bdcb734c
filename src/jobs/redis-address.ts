// Where Redis is: one server, a master that Sentinels know, or a cluster; as one URL, so that it travels as one setting.
import { readFileSync } from 'node:fs';
import type { Config } from '../../schemas/config.js';
import { ClassifiedError } from '../errors/classified-error.js';

export interface RedisAddress {
  kind: 'server' | 'sentinel' | 'cluster';
  /** Of the server, the Sentinels, or some nodes of the cluster; a socket's path instead of a server's address. */
  hosts: ({ host: string; port: number } | { path: string })[];
  /** By which the Sentinels know the master. */
  masterName: string;
  db: number;
  username?: string;
  password?: string;
  tls?: { ca?: Buffer };
  /** How many replicas must have what is answered. */
  replicas: number;
}

const FORM = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?@]+)(?:\/([^?]*))?(?:\?(.*))?$/;
const DEFAULT_PORT = { server: 6379, sentinel: 26_379, cluster: 6379 };

/** The URL of the settings, with what is set beside it. */
export function redisUrlOf({ url, ca, replicas }: Config['redis']): string {
  const more = new URLSearchParams({ ...(ca === '' ? {} : { ca }), ...(replicas === 0 ? {} : { replicas: String(replicas) }) });
  return more.size === 0 ? url : `${url}?${more.toString()}`;
}

/** Throws wrong_input without repeating the URL, for it may hold a password. */
export function redisAddress(url: string): RedisAddress {
  if (url.startsWith('/')) return { kind: 'server', hosts: [{ path: url }], masterName: '', db: 0, replicas: 0 };
  const [, scheme, mode, user, hosts = '', path = '', query] = FORM.exec(url) ?? [];
  if (scheme === undefined) {
    const forms = 'redis://host:port/db, redis+sentinel://host:port,host:port/name/db or redis+cluster://host:port,host:port';
    throw new ClassifiedError('wrong_input', `redis.url must be of the form ${forms}; rediss instead of redis for TLS`);
  }
  const kind = (mode ?? 'server') as RedisAddress['kind'];
  const [first = '', second = ''] = path.split('/');
  const more = new URLSearchParams(query);
  const ca = more.get('ca');
  const [name, password] = (user ?? '').split(':').map(decodeURIComponent);
  return {
    kind,
    hosts: hosts.split(',').map((host) => hostIn(host, DEFAULT_PORT[kind])),
    masterName: kind === 'sentinel' ? first : '',
    db: dbIn(kind === 'sentinel' ? second : first, kind),
    ...(name ? { username: name } : {}),
    ...(password ? { password } : {}),
    ...(scheme === 'rediss' ? { tls: ca === null ? {} : { ca: readFileSync(ca) } } : {}),
    replicas: Number(more.get('replicas') ?? 0),
  };
}

function hostIn(text: string, defaultPort: number): { host: string; port: number } {
  const [, host, port] = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === undefined) throw new ClassifiedError('wrong_input', 'redis.url: each host must be host:port');
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? defaultPort) };
}

function dbIn(text: string, kind: RedisAddress['kind']): number {
  const db = Number(text);
  if (!Number.isInteger(db) || db < 0) throw new ClassifiedError('wrong_input', 'redis.url: the database must be a number');
  if (kind === 'cluster' && db !== 0) throw new ClassifiedError('wrong_input', 'redis.url: a Redis Cluster has no other database than 0');
  return db;
}
