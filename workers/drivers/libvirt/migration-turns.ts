// So many at a time: who comes later waits for a turn, in order, and can be sent away while waiting.

export interface Turns {
  /** Does the work when it is its turn. Rejects as the work does, or as it is refused. */
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Sends away who waits under that key; who had a turn is not touched. */
  refuse(key: string, error: Error): void;
  /** Sends away all who wait, and who comes later. */
  close(error: Error): void;
}

interface Waiting {
  key: string;
  begin: () => void;
  refuse: (error: Error) => void;
}

export function createTurns(atOnce: number): Turns {
  const waiting: Waiting[] = [];
  let taken = 0;
  let closed: Error | undefined;

  function turn(key: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (closed !== undefined) {
        reject(closed);
        return;
      }
      waiting.push({ key, begin: resolve, refuse: reject });
      dispatch();
    });
  }

  function dispatch(): void {
    while (taken < atOnce) {
      const next = waiting.shift();
      if (next === undefined) return;
      taken += 1;
      next.begin();
    }
  }

  function refuseWhere(chosen: (one: Waiting) => boolean, error: Error): void {
    for (const one of waiting.filter(chosen)) {
      waiting.splice(waiting.indexOf(one), 1);
      one.refuse(error);
    }
  }

  return {
    async take(key, work) {
      await turn(key);
      try {
        return await work();
      } finally {
        taken -= 1;
        dispatch();
      }
    },
    refuse: (key, error) => refuseWhere((one) => one.key === key, error),
    close(error) {
      closed = error;
      refuseWhere(() => true, error);
    },
  };
}
