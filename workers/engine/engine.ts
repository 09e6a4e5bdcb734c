// What the engine of a worker is made of.
import type { Logger } from 'pino';
import type { JobLocks } from '../../src/cluster/job-locks.js';
import type { Store } from '../../src/cluster/store.js';
import type { Keys } from '../../src/jobs/keys.js';
import type { Redis } from '../../src/jobs/redis.js';
import type { JobWatch } from '../../src/jobs/watch.js';
import type { OpcodeDefinition } from './opcode.js';
import type { World } from './world.js';

export interface EngineParts {
  /** The worker's name in locks, records and logs. */
  worker: string;
  redis: Redis;
  keys: Keys;
  watch: JobWatch;
  store: Store;
  locks: JobLocks;
  world: World;
  opcodes: ReadonlyMap<string, OpcodeDefinition>;
  /** How many ended jobs are kept. */
  keepCount: number;
  /** How many workers may die at one step. */
  takeUpLimit: number;
  /** For how many seconds a worker is waited for that knows an opcode which no living worker knows. */
  unknownOpcodeS: number;
  /** How many opcodes may run at a time on one node. */
  opcodesPerNode: number;
  log: Logger;
}
