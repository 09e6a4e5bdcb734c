// Who waits for a job, or runs it, hears of its changes here. One Redis connection serves all of a process, and hears only of their jobs.
import { isFinal, JOB_STATUSES } from '../../schemas/job.js';
import type { Keys } from './keys.js';
import type { Redis } from './redis.js';
import { openSubscription } from './subscription.js';

/** What is told to who waits for a job: `written <status, if that was written>` or `claimed`; `missed` when anything may have happened. */
export type ChangeListener = (what: string) => void;

export interface JobWatch {
  /** Tells each change of that job until the returned function is called. */
  on(id: number, listener: ChangeListener): () => void;
  /** Tells what concerns the runner of that job in this process: `cancel`, `claimed <epoch>` by another runner, `missed`. */
  asRunner(id: number, listener: ChangeListener): () => void;
  close(): void;
}

const ENDS: ReadonlySet<string> = new Set(JOB_STATUSES.filter(isFinal).map((status) => `written ${status}`));

/** Whether the job may have ended with this change. */
export const mayBeEnd = (what: string): boolean => what === 'missed' || ENDS.has(what);

/** Who listens, by job. */
class Listeners {
  readonly #byJob = new Map<number, Set<ChangeListener>>();

  /** Answers whether it is the first one of that job. */
  add(id: number, listener: ChangeListener): boolean {
    const known = this.#byJob.get(id);
    known?.add(listener);
    if (known === undefined) this.#byJob.set(id, new Set([listener]));
    return known === undefined;
  }

  /** Answers whether it was the last one of that job. */
  remove(id: number, listener: ChangeListener): boolean {
    const known = this.#byJob.get(id);
    if (known?.delete(listener) !== true || known.size > 0) return false;
    return this.#byJob.delete(id);
  }

  tell(id: number, what: string): void {
    for (const listener of [...(this.#byJob.get(id) ?? [])]) listener(what);
  }

  tellAll(what: string): void {
    for (const id of [...this.#byJob.keys()]) this.tell(id, what);
  }
}

/** Listens on a connection of its own, which it closes at the end; for a process that runs jobs, under its worker's name too. */
export async function watchJobs(connection: Redis, keys: Keys, worker?: string): Promise<JobWatch> {
  const waiting = new Listeners();
  const running = new Listeners();
  const ofRunner = worker === undefined ? undefined : keys.runner(worker);
  const subscription = await openSubscription(connection, keys, {
    message(channel, message) {
      if (channel !== ofRunner) return waiting.tell(keys.jobOf(channel), message);
      const space = message.indexOf(' ');
      running.tell(Number(message.slice(0, space)), message.slice(space + 1));
    },
    missed() {
      waiting.tellAll('missed');
      running.tellAll('missed');
    },
  });
  if (ofRunner !== undefined) await subscription.add(ofRunner);

  return {
    on(id, listener) {
      if (waiting.add(id, listener)) {
        // Who looked before Redis had the subscription may have looked too early.
        subscription.add(keys.changes(id)).then(
          () => waiting.tell(id, 'missed'),
          () => undefined,
        );
      }
      return () => {
        if (waiting.remove(id, listener)) subscription.remove(keys.changes(id));
      };
    },
    asRunner(id, listener) {
      running.add(id, listener);
      return () => void running.remove(id, listener);
    },
    close: () => subscription.close(),
  };
}
