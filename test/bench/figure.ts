// What the benchmark says: a value beside its floor, and whether the goal is met.

export interface Figure {
  section: string;
  /** What was measured, with its unit. */
  what: string;
  value: number;
  /** The floor in the same unit; null where there is none. */
  floor: number | null;
  /** `value / floor` */
  ratio: number | null;
  goal: string | null;
  met: boolean | null;
}

/** Bounds of the ratio; of the value where there is no floor. */
interface Goal {
  atLeast?: number;
  atMost?: number;
}

interface Measured extends Goal {
  what: string;
  value: number;
  floor?: number;
}

/** Makes the figures of one section. */
export const figuresOf =
  (section: string) =>
  ({ what, value, floor, ...goal }: Measured): Figure => {
    const ratio = floor === undefined ? null : value / floor;
    return { section, what, value, floor: floor ?? null, ratio, ...judge(ratio ?? value, goal) };
  };

function judge(judged: number, { atLeast, atMost }: Goal): Pick<Figure, 'goal' | 'met'> {
  if (atLeast !== undefined) return { goal: `≥ ${atLeast}`, met: judged >= atLeast };
  if (atMost !== undefined) return { goal: `≤ ${atMost}`, met: judged <= atMost };
  return { goal: null, met: null };
}
