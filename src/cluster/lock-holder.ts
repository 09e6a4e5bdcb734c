// The text of an entry in a lock's queue: who holds it or waits for it.
import type { LockMode } from './lock-queue.js';

export interface LockHolder {
  /** 0: none; an agent has it for itself. */
  job: number;
  opcode: string;
  /** The process that runs the job, or did when it died. */
  worker: string;
  mode: LockMode;
  /** Seconds since 1970 of its arrival in the queue, by the clock of who entered it. For people. */
  since: number;
}

/** `epoch`: which take-up of the job has it; none for what an agent has. */
export function writeHolder({ job, opcode, worker, since }: Omit<LockHolder, 'mode'>, epoch?: number): string {
  return JSON.stringify({ job, opcode, worker, since, epoch });
}

/** Throws SyntaxError when the text is not JSON; only this process family writes these nodes. */
export function readHolder(data: string, mode: LockMode): LockHolder {
  const { job, opcode, worker, since } = JSON.parse(data) as Omit<LockHolder, 'mode'>;
  return { job, opcode, worker, mode, since };
}

/** Which take-up of a job last had the entry of this text. */
export const epochIn = (data: string): number => (JSON.parse(data) as { epoch?: number }).epoch ?? 0;
