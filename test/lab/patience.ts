// How slow this machine is at present, as the test run measures it; and how long to wait for what no test makes a claim about. What the
// product promises is never multiplied by it.
import { readFileSync } from 'node:fs';

/** Names the file in which a test run says how slow the machine is. */
export const SLOWNESS_VARIABLE = 'TEST_SLOWNESS_FILE';

/** 1 on a quiet machine, 3 on one that needs three times as long; 1 also where no test run measures it. */
export function slowness(): number {
  const file = process.env[SLOWNESS_VARIABLE];
  return file === undefined ? 1 : Number(readFileSync(file, 'utf8'));
}

/** A bound that is no claim: so many milliseconds of a quiet machine. */
export const patience = (quietMs: number): number => Math.ceil(quietMs * slowness());
