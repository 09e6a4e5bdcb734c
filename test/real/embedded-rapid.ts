// The program of `npm start` on a state folder of a test's own: started, cut off from its power, and started again.
import { join } from 'node:path';
import { compiled } from '../lab/build.js';
import { allPids, killAll, programName, signal, workingFolder } from '../lab/processes.js';
import { apiClient, type ApiClient } from './api-client.js';
import { startRapid, type RapidProcess } from './rapid-process.js';

export interface EmbeddedRapid {
  /** Of the program as it runs now. */
  readonly api: ApiClient;
  /** The folder of its Redis: all that is known of jobs. */
  readonly redisDir: string;
  start(): Promise<void>;
  /** Ends all of its processes at one moment, as a power cut does. */
  cutPower(): Promise<void>;
  /** Ends it as an operator does. */
  stop(): Promise<void>;
}

export function embeddedRapid(stateDir: string): EmbeddedRapid {
  const redisDir = join(stateDir, 'redis');
  let process: RapidProcess | undefined;
  let api: ApiClient | undefined;
  const redisPids = () => allPids().filter((pid) => programName(pid) === 'redis-server' && workingFolder(pid) === redisDir);

  return {
    get api() {
      if (api === undefined) throw new Error('it has not been started');
      return api;
    },
    redisDir,
    async start() {
      process = await startRapid([compiled('workers/rapid')], { RAPID_STATE_DIR: stateDir, RAPID_LISTEN: '127.0.0.1:0' });
      api = apiClient(process.ready.slice(process.ready.indexOf('http')));
    },
    async cutPower() {
      const servers = redisPids();
      if (process === undefined || servers.length !== 1) throw new Error(`it runs with ${servers.length} Redis servers`);
      // All stand still before the first one is killed: none sees another one die.
      for (const pid of [process.pid, ...servers]) signal(pid, 'SIGSTOP');
      for (const pid of servers) signal(pid, 'SIGKILL');
      await process.kill();
      await killAll('its Redis', redisPids);
    },
    async stop() {
      await process?.stop();
      await killAll('its Redis', redisPids);
    },
  };
}
