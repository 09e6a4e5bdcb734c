// The product in a section: its API and its workers as processes, and what they are asked.
import { createHash } from 'node:crypto';
import type { ApiArgument, ApiMethods, ApiReady } from './programs/api.js';
import type { RequestText } from './programs/http-connection.js';
import type { Program } from './start-program.js';
import type { Stage } from './stage.js';

export const TOKEN = 'the-token-of-the-benchmark';
const AUTHORIZATION = { Authorization: `Bearer ${TOKEN}` };

export interface ProductSettings {
  redisUrl: string;
  prefix?: string;
  /** Connect string; without it the store is in memory. */
  zookeeper?: string;
  /** Other settings, by their variables. */
  more?: Record<string, string>;
}

export type Api = Program<ApiReady, ApiMethods>;

async function environment(stage: Stage, { redisUrl, prefix, zookeeper, more }: ProductSettings): Promise<Record<string, string>> {
  return {
    RAPID_LISTEN: '127.0.0.1:0',
    RAPID_STATE_DIR: await stage.folder(),
    RAPID_REDIS_URL: redisUrl,
    ...(prefix === undefined ? {} : { RAPID_REDIS_PREFIX: prefix }),
    ...(zookeeper === undefined ? {} : { RAPID_CLUSTER_STORE: 'zookeeper', RAPID_CLUSTER_ZOOKEEPER: zookeeper }),
    RAPID_AUTH_TOKENS: JSON.stringify([{ name: 'bench', access: 'write', sha256: createHash('sha256').update(TOKEN).digest('hex') }]),
    ...more,
  };
}

export async function startApi(
  stage: Stage,
  settings: ProductSettings,
  { vms = 0, node = [] }: Partial<ApiArgument> & { node?: string[] } = {},
): Promise<Api> {
  return await stage.program<ApiReady, ApiMethods>('api', {
    argument: { vms } satisfies ApiArgument,
    env: await environment(stage, settings),
    node,
  });
}

export async function startWorker(stage: Stage, settings: ProductSettings): Promise<Program<undefined, object>> {
  return await stage.program<undefined, object>('worker', { env: await environment(stage, settings) });
}

export const reading = (path: string): RequestText => ({ method: 'GET', path, headers: AUTHORIZATION });

/** Submits one opcode that does nothing, under these VMs' locks. */
export function submitting({ lock = [], prefer }: { lock?: string[]; prefer?: string } = {}): RequestText {
  const op = { OP_ID: 'OP_TEST_DELAY', duration: 0, ...(lock.length === 0 ? {} : { lock }) };
  const headers = { ...AUTHORIZATION, ...(prefer === undefined ? {} : { Prefer: prefer }) };
  return { method: 'POST', path: '/jobs', headers, body: JSON.stringify({ ops: [op] }) };
}

/** Waits for the end of the job that was submitted before it. */
export const waitingForIt: RequestText = reading('/jobs/{job}/wait?until=done&timeout=10');
