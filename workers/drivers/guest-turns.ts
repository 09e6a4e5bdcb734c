// One call about a guest at a time, in the order in which they came.
import { parseDomainXml } from '../../src/domain-xml/domain-description.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';

export interface GuestTurns {
  /**
   * Does the work when it is the guest's turn; at once for no guest in particular. Rejects as the work does, or with environment_error:
   * those before it took too long, or too many wait.
   */
  take<T>(guest: string | undefined, work: () => Promise<T>): Promise<T>;
}

interface Waiting {
  begin(): void;
}

/** Who holds a guest makes one call after the other. More than a few that wait are a caller gone wild, or a hypervisor that hangs. */
const MOST_WAITING = 20;

export function guestTurns(waitMs: number): GuestTurns {
  /** Those who wait, by guest; a guest whose turn nobody has is not in it. */
  const lines = new Map<string, Waiting[]>();
  const refusal = (guest: string, why: string) =>
    new ClassifiedError('environment_error', `guest ${guest}: ${why}; this call was not begun`);

  function turn(guest: string): Promise<void> {
    const line = lines.get(guest);
    if (line === undefined) {
      lines.set(guest, []);
      return Promise.resolve();
    }
    if (line.length >= MOST_WAITING) return Promise.reject(refusal(guest, `${line.length} calls about it wait already`));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        line.splice(line.indexOf(waiting), 1);
        reject(refusal(guest, `the calls about it before this one have not ended within ${waitMs} ms`));
      }, waitMs);
      const waiting: Waiting = {
        begin() {
          clearTimeout(timer);
          resolve();
        },
      };
      line.push(waiting);
    });
  }

  function pass(guest: string): void {
    const next = lines.get(guest)?.shift();
    if (next === undefined) lines.delete(guest);
    else next.begin();
  }

  return {
    async take(guest, work) {
      if (guest === undefined) return await work();
      await turn(guest);
      try {
        return await work();
      } finally {
        pass(guest);
      }
    },
  };
}

/** The guest that this XML is about; undefined when it names none, or is none. */
export function guestIn(xml: string): string | undefined {
  try {
    return parseDomainXml(xml).uuid;
  } catch {
    // The hypervisor is asked all the same, and refuses it in its own words.
    return undefined;
  }
}
