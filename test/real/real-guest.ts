// A guest for one test: its name, its UUID, its console, and its XML in the variants that the test needs.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { allCounts, consoleSays, consoleText, lastCount } from '../lab/console.js';
import { GUEST_SAYS, guestXml, type GuestOptions } from '../lab/guest.js';
import type { Lab } from '../lab/lab.js';

export interface RealGuest {
  readonly name: string;
  readonly uuid: string;
  /** Its paths in the API. */
  readonly path: string;
  readonly statePath: string;
  xml(more?: Partial<Pick<GuestOptions, 'memoryMib' | 'vcpus' | 'variant' | 'disk' | 'devices'>>): string;
  /** Waits until it has said that it is up, as often as that. */
  up(times?: number): Promise<void>;
  /** How often it has come up so far. */
  boots(): Promise<number>;
  /** As often as that. */
  says(text: string, times?: number): Promise<void>;
  /** How far it has counted, one a second. */
  count(): Promise<number>;
  /** Every number that it has counted, over all its boots. */
  counts(): Promise<number[]>;
}

/** `base` begins its name; the rest makes it unique. */
export function realGuest({ guest: image, consoleDir }: Lab, base: string): RealGuest {
  const uuid = randomUUID();
  const name = `${base}-${uuid.slice(0, 4)}`;
  const consoleFile = join(consoleDir, `${uuid}.log`);
  const path = `/api/v1/vm/${encodeURIComponent(name)}`;
  return {
    name,
    uuid,
    path,
    statePath: `${path}/state`,
    xml: (more) => guestXml({ name, uuid, image, consoleFile, ...more }),
    up: (times = 1) => consoleSays(consoleFile, GUEST_SAYS.up, { times }),
    boots: async () => (await consoleText(consoleFile)).split(GUEST_SAYS.up).length - 1,
    says: (text, times = 1) => consoleSays(consoleFile, text, { times }),
    count: () => lastCount(consoleFile),
    counts: () => allCounts(consoleFile),
  };
}
