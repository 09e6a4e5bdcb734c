// The guests of one hypervisor that are in doubt: a call about each may still be done, though who made it has given it up.
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { Doubt } from './hypervisor.js';

export interface Doubts {
  of(guest: string): Doubt | undefined;
  /** A guest has one doubt at a time. `settling`: it is being found out whether it is over; else its end is up to the hypervisor. */
  add(guest: string, doubt: Doubt, settling: boolean): void;
  remove(guest: string): void;
  /** Throws environment_error while the guest is in doubt. Waits a while where it is being found out. */
  refuse(guest: string): Promise<void>;
}

interface Open {
  doubt: Doubt;
  settling: boolean;
  over: Promise<void>;
  end(): void;
}

/** Why nothing can be said, or done, about the guest. */
export function inDoubt(guest: string, { method, since }: Doubt): ClassifiedError {
  const text = `guest ${guest} is in doubt: the hypervisor has not answered "${method}" of ${since.toISOString()}, and may still be at it`;
  return new ClassifiedError('environment_error', text);
}

/** `patienceMs`: how long is waited for what is being found out. */
export function createDoubts(patienceMs: number): Doubts {
  const open = new Map<string, Open>();
  return {
    of: (guest) => open.get(guest)?.doubt,
    add(guest, doubt, settling) {
      const before = open.get(guest);
      if (before !== undefined) {
        Object.assign(before, { doubt, settling });
        return;
      }
      let end = () => {};
      const over = new Promise<void>((resolve) => (end = resolve));
      open.set(guest, { doubt, settling, over, end });
    },
    remove(guest) {
      open.get(guest)?.end();
      open.delete(guest);
    },
    async refuse(guest) {
      const found = open.get(guest);
      if (found?.settling === true) await atMost(found.over, patienceMs);
      const still = open.get(guest);
      if (still !== undefined) throw inDoubt(guest, still.doubt);
    },
  };
}

async function atMost(over: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([over, enough]).finally(() => clearTimeout(timer));
}
