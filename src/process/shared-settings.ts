// What a process must be told when it is one of several.
import type { Config } from '../../schemas/config.js';
import { ClassifiedError } from '../errors/classified-error.js';

/** Throws wrong_input when the settings name no Redis or no ZooKeeper that other processes share. */
export function assertShared({ redis, cluster }: Config): void {
  if (cluster.store !== 'zookeeper') throw new ClassifiedError('wrong_input', 'cluster.store must be zookeeper: a store in memory is one process\'s own');
  if (redis.url === '') throw new ClassifiedError('wrong_input', 'redis.url must be given: only the single-process rapid starts a Redis of its own');
}
