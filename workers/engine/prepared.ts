// What is kept of an opcode's locks and check before its first step begins: nothing of it is asked for again, whoever goes on.
import type { LockRequest } from '../../src/cluster/locks.js';
import type { Run } from '../../src/jobs/run.js';
import type { PlannedStep } from './step-record.js';

export interface Prepared {
  /** The opcode's version that has begun it. */
  version: number;
  locks: LockRequest[];
  facts: unknown;
  steps: PlannedStep[];
}

export const preparedField = (index: number): string => `prepared:${index}`;
/** Null is written for one that is checked once more from the start. */
export const preparedIn = (run: Run, index: number): Prepared | undefined => run.note<Prepared | null>(preparedField(index)) ?? undefined;

/** For the locks that the opcode had queued up for when it was parked; null: not known. */
export const queuedField = (index: number): string => `queued:${index}`;
export const queuedIn = (run: Run, index: number): LockRequest[] | undefined =>
  (run.wasParked ? run.note<LockRequest[] | null>(queuedField(index)) : undefined) ?? undefined;
