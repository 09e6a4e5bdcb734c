// What a call that runs commands is bound to: the piece of work (a step of a job) that makes it.

export interface CallContext {
  /** Ends what runs, and refuses what would begin; the call then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** A line that a command wrote to its standard error. */
  onStderr?: (line: string) => void;
  /** How far the call is, from 0 to 1, where the command tells. */
  onProgress?: (fraction: number) => void;
}
