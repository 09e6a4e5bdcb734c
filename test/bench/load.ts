// The load generator of a section, and what it says of itself.
import { figuresOf, type Figure } from './figure.js';
import type { LoadGenerator } from './programs/load-generator.js';
import type { Program } from './start-program.js';
import type { Stage } from './stage.js';

export type Generator = Program<undefined, LoadGenerator>;

/** From here on the generator would hide differences between the sides. */
const TOO_BUSY = 0.9;

export const startGenerator = (stage: Stage): Promise<Generator> => stage.program<undefined, LoadGenerator>('load-generator');

/** Whether the generator left the sides to be the slower part. */
export async function generatorFigure(section: string, generator: Generator): Promise<Figure> {
  return figuresOf(section)({
    what: 'the load generator, share of a core at most',
    value: await generator.call('busiest'),
    atMost: TOO_BUSY,
  });
}
