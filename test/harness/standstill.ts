// Where jobs of a test stand in the middle of a step, until the test lets them go.

/** What a step knows of the job that it belongs to. */
interface Standing {
  job: number;
  signal: AbortSignal;
}

export interface Standstill {
  /** To be awaited by a step, or by anything else that shall not go on. */
  hold(context?: Standing): Promise<void>;
  /** Lets those go who stand there, and whoever comes. */
  letGo(): void;
  /** Resolves when the first one stands there. */
  arrival: Promise<void>;
  /** How many have come. */
  count(): number;
  /** The jobs that have come. */
  jobs: ReadonlySet<number>;
}

/**
 * `hears`: when a job learns that it is told to stop: `at once`; when it is let go, as one whose worker stood still; or `never`, so that it goes
 * on whatever it is told.
 */
export function standstill(hears: 'at once' | 'when let go' | 'never' = 'when let go'): Standstill {
  let letGo = () => {};
  let arrive = () => {};
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const arrival = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const jobs = new Set<number>();
  let count = 0;
  return {
    async hold(context) {
      count += 1;
      if (context !== undefined) jobs.add(context.job);
      arrive();
      await (hears === 'at once' && context !== undefined ? Promise.race([released, stopOf(context.signal)]) : released);
      if (hears !== 'never') context?.signal.throwIfAborted();
    },
    letGo: () => letGo(),
    arrival,
    count: () => count,
    jobs,
  };
}

const stopOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
