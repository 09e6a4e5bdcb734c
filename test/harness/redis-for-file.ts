// The Redis server of one test file: started before its tests, ended and removed after them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { startRedis, type RedisHandle, type RedisOptions } from '../lab/redis.js';

/** Registers the server with the file's hooks; the returned function answers it once the tests run. */
export function redisForFile(options: Pick<RedisOptions, 'appendfsync'> = {}): () => RedisHandle {
  let handle: RedisHandle | undefined;
  beforeAll(async () => {
    handle = await startRedis({ dir: await mkdtemp(join(tmpdir(), 'rapid-engine-')), ...options });
  });
  afterAll(async () => {
    await handle?.stop();
    if (handle !== undefined) await rm(handle.dir, { recursive: true });
  });
  return () => {
    if (handle === undefined) throw new Error('the Redis server is there only while the tests run');
    return handle;
  };
}
