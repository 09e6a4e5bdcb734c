// Chance for tests: drawn from a seed that is printed, and taken from the environment to repeat a run.

export interface Draw {
  seed: number;
  /** A whole number from 0 up to, but not including, `below`. */
  below(below: number): number;
  /** The same items in another order. */
  shuffled<T>(items: readonly T[]): T[];
}

/** From the seed in this variable of the environment, or from any. */
export function drawFrom(variable: string): Draw {
  const seed = Number(process.env[variable] ?? Math.floor(Math.random() * 2 ** 31));
  console.info(`${variable}=${seed}`);
  let state = seed >>> 0;
  // Mulberry32.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    seed,
    below,
    shuffled(items) {
      const rest = [...items];
      return items.map(() => rest.splice(below(rest.length), 1)[0] as (typeof items)[number]);
    },
  };
}
