// The law of serial order. A job is held in the middle of a step, and then its worker is killed, stands still or loses its session, or the job
// is cancelled; another job asks for something of the same VM, volume, OSD… before that or after it. What both leave is what one after the
// other would have left; and each change was made under the locks that cover it.
import { expect, it } from 'vitest';
import { drawFrom } from '../harness/draw.js';
import { patience } from '../lab/patience.js';
import { DISTURBANCES, disturbed, drawTakes, isSerial, serialOrders, type Stage } from './serial-order.js';

const draw = drawFrom('SERIAL_ORDER_SEED');

/** Makes the tests of it; `redisUrl` answers once they run. */
export function holdsSerialOrder<Place>(redisUrl: () => string, stage: Stage<Place>): void {
  const drawn = once(() => drawTakes(redisUrl(), stage, draw));
  const known = once(async () => await serialOrders(redisUrl(), stage, [...(await drawn()).values()].flat()));

  it.each(DISTURBANCES)('leaves what one after the other leaves when %s', { timeout: patience(180_000) }, async (disturbance) => {
    const orders = await known();
    const takes = (await drawn()).get(disturbance) ?? [];
    const runs = await disturbed(redisUrl(), stage, disturbance, takes);
    const violations = takes.flatMap((take, index) => {
      const run = runs[index];
      const allowed = orders(take);
      if (run !== undefined && isSerial(run.outcome, allowed)) return [];
      const { first, second, at, waits } = take;
      const label = `${first.label}, held at: ${at}; ${waits ? 'waiting' : 'later'}: ${second.label}`;
      return [{ label, ...run, allowed }];
    });
    // All of them by name, and what there is to know of some.
    expect({ seed: draw.seed, violations: violations.map(({ label }) => label), some: violations.slice(0, 3) }).toEqual({
      seed: draw.seed,
      violations: [],
      some: [],
    });
  });
}

/** Asked for when it is needed, and then only once. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
