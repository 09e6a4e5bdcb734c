// Waiting for a job to change: look, and look again whenever something happened to it.
import { ClassifiedError } from '../errors/classified-error.js';
import type { JobRecord } from '../../schemas/job.js';
import type { JobWatch } from './watch.js';

/** As `readRecords`, of one job. */
type Read = (id: number, logAfter: number) => Promise<JobRecord | undefined>;

export interface Patience {
  timeoutMs: number;
  /** Gives up before the time is over. */
  signal?: AbortSignal | undefined;
  /** Which changes are worth a look; all unless given. */
  matters?: (what: string) => boolean;
}

/** How often is looked in any case, should what is told be lost in a way that nobody thought of. */
const LOOK_MS = 30_000;

/**
 * Calls `look` now and after each change of the job that matters until it answers something or the time is over. Changes that come
 * while it looks make it look once more, however many they were.
 */
export async function lookUntil<T>(
  watch: JobWatch,
  id: number,
  look: () => Promise<T | undefined>,
  { timeoutMs, signal, matters = () => true }: Patience,
): Promise<T | undefined> {
  return await new Promise((resolve, reject) => {
    let looking = false;
    let changed = false;
    let late = false;

    const settle = (conclude: () => void) => {
      stop();
      clearInterval(inAnyCase);
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      conclude();
    };
    const giveUp = () => settle(() => resolve(undefined));
    const lookOnce = async () => {
      changed = true;
      if (looking) return;
      looking = true;
      try {
        while (changed) {
          changed = false;
          const seen = await look();
          if (seen !== undefined) return settle(() => resolve(seen));
        }
        if (late) giveUp();
      } catch (error) {
        settle(() => reject(error));
      } finally {
        looking = false;
      }
    };
    const stop = watch.on(id, (what) => void (matters(what) && lookOnce()));
    // Who has no time at all is answered what there is, too: a look that is under way is waited for.
    const timer = setTimeout(() => {
      late = true;
      if (!looking) giveUp();
    }, timeoutMs);
    const inAnyCase = setInterval(() => void lookOnce(), LOOK_MS);
    if (signal?.aborted === true) return giveUp();
    signal?.addEventListener('abort', giveUp);
    void lookOnce();
  });
}

/** Reads a job once for all that ask in the same turn. Never shares a read that was sent earlier: it may predate the change that woke the asker. */
export function shareReads(read: Read): Read {
  const asked = new Map<string, Promise<JobRecord | undefined>>();
  return (id, logAfter) => {
    const question = `${id} ${logAfter}`;
    const known = asked.get(question);
    if (known !== undefined) return known;
    const reading = Promise.resolve().then(() => {
      asked.delete(question);
      return read(id, logAfter);
    });
    asked.set(question, reading);
    return reading;
  };
}

export const noSuchJob = (id: number) => new ClassifiedError('unknown_entity', `job ${id} does not exist, or has been forgotten`);
