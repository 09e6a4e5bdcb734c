// What a call that runs commands is bound to: the piece of work (a step of a job) that makes it.
import type { Permit } from '../../src/cluster/permit.js';

export interface CallContext {
  /** Ends what runs, and refuses what would begin; the call then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Asked before each command that changes something; without one, all is permitted. */
  permit?: Permit;
  /** A line that a command wrote to its standard error. */
  onStderr?: (line: string) => void;
  /** How far the call is, from 0 to 1, where the command tells. */
  onProgress?: (fraction: number) => void;
}
