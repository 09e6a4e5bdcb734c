// What a server's refusal means: its error codes as the store's own errors.
import zookeeper from 'node-zookeeper-client';
import { StoreConflict } from '../store.js';
import type { ConflictReason } from '../store.js';

const { Exception } = zookeeper;

const reasons = new Map<number, ConflictReason>([
  [Exception.NODE_EXISTS, 'exists'],
  [Exception.NO_NODE, 'missing'],
  [Exception.BAD_VERSION, 'version'],
  [Exception.NOT_EMPTY, 'children'],
]);

/** The code that the client put into an error; undefined when it is none of the client's errors. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

/** The conflict that this code stands for, or else an error that names the path and the code. */
export function refusalOf(code: number | undefined, path: string): Error {
  const reason = code === undefined ? undefined : reasons.get(code);
  return reason ? new StoreConflict(path, reason) : new Error(`ZooKeeper refused a change of ${path} with code ${code}`);
}
