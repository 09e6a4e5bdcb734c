// The text of an entry in a lock's queue: who holds it or waits for it.
import type { LockMode } from './lock-queue.js';

export interface LockHolder {
  job: number;
  opcode: string;
  worker: string;
  mode: LockMode;
  /** Seconds since 1970 of its arrival in the queue. */
  since: number;
}

export function writeHolder({ job, opcode, worker, since }: Omit<LockHolder, 'mode'>): string {
  return JSON.stringify({ job, opcode, worker, since });
}

/** Throws SyntaxError when the text is not JSON; only this process family writes these nodes. */
export function readHolder(data: string, mode: LockMode): LockHolder {
  const { job, opcode, worker, since } = JSON.parse(data) as Omit<LockHolder, 'mode'>;
  return { job, opcode, worker, mode, since };
}
