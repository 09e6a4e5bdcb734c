// A real server on a free port, with jobs and a cluster in the test's memory.
import { createHash } from 'node:crypto';
import { pino } from 'pino';
import { loadConfig } from '../../src/config/load-config.js';
import { startApi } from '../../src/http/start-api.js';
import { MemoryJobDesk } from './memory-job-desk.js';
import { sampleCluster, type SampleCluster } from './sample-cluster.js';

export interface ApiUnderTest {
  jobs: MemoryJobDesk;
  cluster: SampleCluster;
  /** Every line that was logged. */
  logged: string[];
  url: string;
  call: ReturnType<typeof callerOf>;
  close(): Promise<void>;
}

export interface Reply {
  status: number;
  headers: Headers;
  // The tests say what they expect of it.
  body: ReturnType<typeof JSON.parse>;
}

/** Calls an API at that address and reads its answer as JSON. */
export const callerOf =
  (url: string) =>
  async (method: string, path: string, init?: RequestInit): Promise<Reply> => {
    const response = await fetch(`${url}${path}`, { method, ...init });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };

export const sha256 = (token: string): string => createHash('sha256').update(token).digest('hex');

export const json = (value: unknown): RequestInit => ({
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
});
export const form = (values: Record<string, string>): RequestInit => ({ body: new URLSearchParams(values) });

/** Starts a server; `settings` are environment variables of the configuration. */
export async function startTestApi(settings: Record<string, string> = {}): Promise<ApiUnderTest> {
  const logged: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
  const jobs = new MemoryJobDesk();
  const cluster = sampleCluster();
  const api = await startApi({ jobs, cluster, log, config: loadConfig({ RAPID_LISTEN: '127.0.0.1:0', ...settings }) });
  return {
    jobs,
    cluster,
    logged,
    url: api.url,
    call: callerOf(api.url),
    close: () => api.close(),
  };
}
