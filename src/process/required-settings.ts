// What a process must be told when it is one of several.
import type { Config } from '../../schemas/config.js';
import { ClassifiedError } from '../errors/classified-error.js';

/** Throws wrong_input when the settings name no ZooKeeper that other processes share. */
export function assertSharedStore({ cluster }: Config): void {
  if (cluster.store !== 'zookeeper') {
    throw new ClassifiedError('wrong_input', "cluster.store must be zookeeper: a store in memory is one process's own");
  }
}

/** Throws wrong_input when the settings name no Redis that other processes share. */
export function assertSharedQueue({ redis }: Config): void {
  if (redis.url === '') {
    throw new ClassifiedError('wrong_input', 'redis.url must be given: only the single-process rapid starts a Redis of its own');
  }
}
