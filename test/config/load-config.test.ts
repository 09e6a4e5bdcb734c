// The configuration: file, environment, defaults, and what is refused.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'rapid-config-'))));
afterAll(() => rm(folder, { recursive: true }));

async function file(content: string): Promise<{ RAPID_CONFIG: string }> {
  const path = join(folder, `${randomUUID()}.yaml`);
  await writeFile(path, content);
  return { RAPID_CONFIG: path };
}

const TOKEN = { name: 'alice', access: 'write', sha256: 'a'.repeat(64) };

it('is complete without any setting', () => {
  const config = loadConfig({});
  expect(config).toMatchObject({ listen: '127.0.0.1:5080', redis: { url: '', prefix: '{rapid}' }, auth: { tokens: [] } });
  expect(config.simulated.nodes).toContainEqual({ name: 'hv1', cpu_count: 8, memory: 32_768 });
});

it('takes the file over the defaults and the environment over the file', async () => {
  const env = await file('listen: 127.0.0.1:1\nredis:\n  url: redis://a\n  prefix: p\ncluster: {store: zookeeper}\n');
  const config = loadConfig({ ...env, RAPID_REDIS_URL: 'redis://b', RAPID_CLUSTER_SESSION_TIMEOUT_MS: '2000', PATH: '/bin' });
  expect(config).toMatchObject({
    listen: '127.0.0.1:1',
    redis: { url: 'redis://b', prefix: 'p' },
    cluster: { store: 'zookeeper', session_timeout_ms: 2000 },
  });
});

it('takes lists as JSON, and texts that look like numbers as texts', () => {
  const config = loadConfig({ RAPID_AUTH_TOKENS: JSON.stringify([TOKEN]), RAPID_REDIS_PREFIX: '12' });
  expect([config.auth.tokens, config.redis.prefix]).toEqual([[TOKEN], '12']);
});

it('reads an empty file as no settings', async () => {
  expect(loadConfig(await file(''))).toEqual(loadConfig({}));
});

it('names every fault by its key or its variable', async () => {
  const env = await file('listen: here\ncolour: red\nredis: {urrl: x}\nauth: {tokens: [{name: a, access: all}]}\n');
  const settings = {
    ...env,
    RAPID_JOBS_KEEP_S: 'long',
    RAPID_REDIS_URRL: 'x',
    RAPID_CLUSTER_STORE: 'disk',
    RAPID_SIMULATED_NODES: '[{"name":"-"}]',
  };
  expect(() => loadConfig(settings)).toThrow(
    expect.objectContaining({
      errorClass: 'wrong_input',
      message: expect.stringMatching(
        /RAPID_REDIS_URRL: is not a setting[^]*colour: is not a known[^]*listen: is not well-formed[^]*redis.urrl: is not a known[^]*RAPID_CLUSTER_STORE: must be one of memory, zookeeper[^]*auth.tokens.0.sha256: is missing[^]*auth.tokens.0.access: must be one of[^]*RAPID_JOBS_KEEP_S: must be a whole number[^]*RAPID_SIMULATED_NODES.0.name: is not well-formed/,
      ),
    }),
  );
});

it.each([
  ['no YAML', 'a: [', /flow/i],
  ['a list', '- a', /must hold keys and values/],
  ['a section that is none', 'redis: 7', /redis: must be an object/],
])('refuses a file that holds %s', async (_what, content, message) => {
  const env = await file(content);
  expect(() => loadConfig(env)).toThrow(message);
});

it('refuses a file that is not there', () => {
  expect(() => loadConfig({ RAPID_CONFIG: join(folder, 'none.yaml') })).toThrow(/none\.yaml/);
});

it.each(['watcher', 'anonymous'])('keeps the name %s for who it always is', async (name) => {
  const env = await file(`auth: {tokens: [{name: ${name}, access: read, sha256: ${TOKEN.sha256}}]}\n`);
  expect(() => loadConfig(env)).toThrow(/auth.tokens.0.name: is not well-formed/);
});
