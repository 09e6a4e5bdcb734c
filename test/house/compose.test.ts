// docker-compose.yml and the Dockerfile: what can be told of them without a Docker engine.
import { existsSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { assertSafeToListen } from '../../src/config/listen-address.js';
import { loadConfig } from '../../src/config/load-config.js';
import { assertSharedQueue, assertSharedStore } from '../../src/process/required-settings.js';
import { textOf } from './tree.js';

interface Service {
  image?: string;
  build?: { context: string; target: string };
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
}

const { services, volumes } = parse(textOf('docker-compose.yml'), { merge: true }) as {
  services: Record<'redis' | 'zookeeper' | 'api' | 'worker', Service>;
  volumes: Record<string, unknown>;
};
const dockerfile = textOf('Dockerfile');

const token = { name: 'admin', access: 'write', sha256: createHash('sha256').update('secret').digest('hex') };
/** The environment as compose would fill it in. */
const environmentOf = ({ environment = {} }: Service) =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, value.replace(/^\$\{RAPID_AUTH_TOKENS:\?[^}]+\}$/, JSON.stringify([token]))]),
  );

describe('docker-compose.yml', () => {
  it('has these services', () => {
    expect(Object.keys(services)).toEqual(['redis', 'zookeeper', 'api', 'worker']);
  });

  it('keeps every accepted job on disk and evicts nothing', () => {
    const command = (services.redis.command ?? []).join(' ');
    for (const flag of ['--appendonly yes', '--appendfsync always', '--maxmemory-policy noeviction']) expect(command).toContain(flag);
  });

  it.each(['redis', 'zookeeper'] as const)('keeps the data of %s in named volumes', (name) => {
    const named = (services[name].volumes ?? []).map((volume) => volume.split(':')[0]);
    expect(named.length).toBeGreaterThan(0);
    for (const volume of named) expect(volumes).toHaveProperty(String(volume));
  });

  it.each(['redis', 'zookeeper', 'api'] as const)('asks %s for its health', (name) => {
    expect(services[name].healthcheck?.test[0]).toBe('CMD');
  });

  it.each(['api', 'worker'] as const)('starts %s when its stores are healthy', (name) => {
    expect(services[name].depends_on).toEqual({ redis: { condition: 'service_healthy' }, zookeeper: { condition: 'service_healthy' } });
  });

  it.each(['api', 'worker'] as const)('gives %s settings that it can start with', (name) => {
    const config = loadConfig(environmentOf(services[name]));
    assertSharedStore(config);
    assertSharedQueue(config);
    expect(config).toMatchObject({ redis: { url: 'redis://redis:6379/0' }, cluster: { store: 'zookeeper', zookeeper: 'zookeeper:2181' } });
  });

  it('does not start an API that anybody may use', () => {
    const config = loadConfig(environmentOf(services.api));
    expect(config.listen).toBe('0.0.0.0:5080');
    assertSafeToListen(config);
    expect(services.api.environment?.['RAPID_AUTH_TOKENS']).toMatch(/^\$\{RAPID_AUTH_TOKENS:\?/);
  });
});

describe('the Dockerfile', () => {
  it.each(['api', 'worker'] as const)('builds the image of %s', (name) => {
    expect(services[name].build).toEqual({ context: '.', target: name });
    expect(dockerfile).toMatch(new RegExp(`^FROM \\S+ AS ${name}$`, 'm'));
  });

  it('starts programs that there are', () => {
    const programs = [...dockerfile.matchAll(/CMD \["node", "dist\/([^"]+)\.js"\]/g)].map(([, path]) => `${path}.ts`);
    expect(programs).toEqual(['src/process/api.ts', 'workers/worker.ts']);
    expect(programs.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('copies files that there are and that reach it', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
    expect(copied.filter((path) => !existsSync(path))).toEqual([]);
    const ignore = textOf('.dockerignore').split('\n');
    expect(copied.filter((path) => !ignore.includes(`!${path}`))).toEqual([]);
  });
});
