// What a section measures with: servers and processes of its own, all of which end with it.
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { createClosing, type Closing } from '../../src/process/closing.js';
import { startRedis } from '../lab/redis.js';
import { startZooKeeper } from '../lab/zookeeper.js';
import { compileInto } from './compile.js';
import { startProgram, type Program, type ProgramOptions } from './start-program.js';

export interface RedisServer {
  url: string;
  /** A connection for looking and preparing. */
  client: Redis;
}

export interface Stage {
  closing: Closing;
  redis(appendfsync?: 'everysec' | 'always'): Promise<RedisServer>;
  /** Its connect string. */
  zookeeper(): Promise<string>;
  /** A new folder. */
  folder(): Promise<string>;
  /** Starts a program of `programs/`; it ends with the section, or earlier. */
  program<Ready, Methods>(name: string, options?: ProgramOptions): Promise<Program<Ready, Methods>>;
}

export interface Theatre {
  openStage(name: string): Promise<Stage>;
  /** Ends what is running. */
  close(): Promise<void>;
}

/** `profiles`: a folder for CPU profiles of the programs. */
export async function openTheatre(profiles?: string): Promise<Theatre> {
  const closing = createClosing();
  const base = await mkdtemp(join(tmpdir(), 'rapid-bench-'));
  // However this process ends, and after everything else.
  process.once('exit', () => rmSync(base, { recursive: true, force: true }));
  const programs = await compileInto(join(base, 'compiled'));
  return {
    async openStage(name) {
      const stage = createStage(join(base, name), programs, profiles && join(resolve(profiles), name));
      closing.add(() => stage.closing.close());
      return stage;
    },
    close: () => closing.close(),
  };
}

function createStage(base: string, programs: string, profiles: string | undefined): Stage {
  const closing = createClosing();
  let folders = 0;
  let started = 0;
  const folder = async () => {
    const path = join(base, String(++folders));
    await mkdir(path, { recursive: true });
    return path;
  };
  return {
    closing,
    folder,
    async redis(appendfsync = 'everysec') {
      const server = await startRedis({ dir: await folder(), appendfsync });
      closing.add(() => server.kill());
      const client = new Redis(server.url);
      closing.add(() => client.disconnect());
      // A rewrite of the append-only file would fall into one side's round and take a core from it.
      await client.config('SET', 'auto-aof-rewrite-percentage', '0');
      return { url: server.url, client };
    },
    async zookeeper() {
      const server = await startZooKeeper({ dir: await folder() });
      closing.add(() => server.kill());
      return server.connect;
    },
    async program<Ready, Methods>(name: string, { node = [], ...options }: ProgramOptions = {}) {
      const profiling =
        profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${++started}-${name}.cpuprofile`];
      const program = await startProgram<Ready, Methods>(join(programs, `${name}.js`), { ...options, node: [...node, ...profiling] });
      closing.add(() => program.close());
      return program;
    },
  };
}
