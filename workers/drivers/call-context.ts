// What a call is bound to: the piece of work (a step of a job) that makes it, and the locks in whose name it changes something.

/**
 * Asked right before something is changed, when nothing is left to be waited for; what it throws is thrown, and nothing is done. An answer
 * is good for a moment only, so it is asked again before anything is tried again.
 */
export type Permit = () => Promise<void>;

/** How long what a permit allows may be begun. A process that stood still in between asks once more. */
export const PERMIT_VALID_MS = 1000;

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
