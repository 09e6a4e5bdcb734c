// What a section measures with: servers and processes of its own, all of which end with it.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  /** Ends what is running and removes everything. */
  close(): Promise<void>;
}

export async function openTheatre(): Promise<Theatre> {
  const closing = createClosing();
  const base = await mkdtemp(join(tmpdir(), 'rapid-bench-'));
  closing.add(() => rm(base, { recursive: true, force: true }));
  const programs = await compileInto(join(base, 'compiled')).catch(async (error: unknown) => {
    await closing.close();
    throw error;
  });
  return {
    async openStage(name) {
      const stage = createStage(join(base, name), programs);
      closing.add(() => stage.closing.close());
      return stage;
    },
    close: () => closing.close(),
  };
}

function createStage(base: string, programs: string): Stage {
  const closing = createClosing();
  let folders = 0;
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
    async program<Ready, Methods>(name: string, options?: ProgramOptions) {
      const program = await startProgram<Ready, Methods>(join(programs, `${name}.js`), options);
      closing.add(() => program.close());
      return program;
    },
  };
}
