// Who waits for a job hears of its changes here. One Redis connection serves every waiter of a process.
import type { Redis } from 'ioredis';
import { isFinal, JOB_STATUSES } from '../../schemas/job.js';
import type { Keys } from './keys.js';

/**
 * `what`: `written <new status, if it changed>`, `cancel`, `claimed <epoch>`; `missed` after the connection was away and anything may
 * have happened.
 */
export type ChangeListener = (what: string) => void;

export interface JobWatch {
  /** Tells each change of that job until the returned function is called. */
  on(id: number, listener: ChangeListener): () => void;
  close(): void;
}

const ENDS: ReadonlySet<string> = new Set(JOB_STATUSES.filter(isFinal).map((status) => `written ${status}`));

/** Whether the job may have ended with this change. */
export const mayBeEnd = (what: string): boolean => what === 'missed' || ENDS.has(what);

/** Listens on a connection of its own, which it closes at the end. Resolves when nothing can be missed any more. */
export async function watchJobs(connection: Redis, keys: Keys): Promise<JobWatch> {
  const listeners = new Map<number, Set<ChangeListener>>();

  connection.on('message', (_channel: string, message: string) => {
    const space = message.indexOf(' ');
    const interested = listeners.get(Number(message.slice(0, space)));
    if (interested === undefined) return;
    const what = message.slice(space + 1);
    for (const listener of [...interested]) listener(what);
  });
  let lost = false;
  connection.on('close', () => (lost = true));
  // ioredis subscribes again before it is ready; what was published in between is gone, so everybody looks once.
  connection.on('ready', () => {
    if (!lost) return;
    lost = false;
    for (const interested of [...listeners.values()]) for (const listener of [...interested]) listener('missed');
  });
  await connection.subscribe(keys.channel);

  return {
    on(id, listener) {
      const interested = listeners.get(id) ?? new Set();
      interested.add(listener);
      listeners.set(id, interested);
      return () => {
        interested.delete(listener);
        if (interested.size === 0 && listeners.get(id) === interested) listeners.delete(id);
      };
    },
    close() {
      connection.disconnect();
    },
  };
}
