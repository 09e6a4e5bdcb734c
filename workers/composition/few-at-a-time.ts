// A bound on how much of something goes on at the same time in this process.

/** Runs the work when it is its turn; rejects with the signal's reason when that aborts before. */
export type InTurn = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

export function fewAtATime(places: number): InTurn {
  let free = places;
  const waiting = new Set<() => void>();

  const takePlace = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const giveUp = () => {
        waiting.delete(take);
        reject(signal?.reason as Error);
      };
      const take = () => {
        waiting.delete(take);
        signal?.removeEventListener('abort', giveUp);
        free -= 1;
        resolve();
      };
      if (signal?.aborted === true) return giveUp();
      if (free > 0) return take();
      waiting.add(take);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  const leavePlace = () => {
    free += 1;
    const [next] = waiting;
    next?.();
  };

  return async (work, signal) => {
    await takePlace(signal);
    try {
      return await work();
    } finally {
      leavePlace();
    }
  };
}
