// What each living worker says of itself: which opcodes it knows, and in which version. So a worker that meets an opcode which it does not know
// can tell whether another one may go on with it. An announcement lives as long as the worker's session.
import { randomUUID } from 'node:crypto';
import { encodeSegment } from './path.js';
import { SessionExpired, type Store } from './store.js';

export const WORKERS = '/workers';

export interface WorkerAnnouncement {
  /** The worker's name in locks, records and logs. */
  name: string;
  /** The version of each opcode that it runs, by wire name. */
  opcodes: Record<string, number>;
  /** When it was started, in ISO 8601. */
  started: string;
}

export interface Announced {
  /** No longer: a worker that goes away takes nothing up any more. */
  withdraw(): Promise<void>;
}

/** Announces the worker, and again in each new session. */
export async function announceWorker(store: Store, announcement: WorkerAnnouncement): Promise<Announced> {
  // Two workers may have been given one name.
  const path = `${WORKERS}/${encodeSegment(announcement.name)}-${randomUUID()}`;
  let withdrawn = false;
  const announce = async () => {
    for (;;) {
      if (withdrawn) return;
      try {
        return await store.putEphemeral(path, JSON.stringify(announcement));
      } catch (error) {
        if (!(error instanceof SessionExpired)) throw error;
      }
    }
  };
  let announcing = announce();
  const stopListening = store.onSession((state) => {
    // Sent now, it waits for the new session. A store that is closed meanwhile takes it with it.
    if (state === 'expired') announcing = announcing.then(announce).catch(() => undefined);
  });
  await announcing;
  return {
    async withdraw() {
      withdrawn = true;
      stopListening();
      await announcing;
      await store.discard(path);
    },
  };
}

/** The workers that live, as they announced themselves. */
export async function livingWorkers(store: Store): Promise<WorkerAnnouncement[]> {
  const names = await store.children(WORKERS);
  const found = await Promise.all(names.map((name) => store.get(`${WORKERS}/${name}`)));
  return found.flatMap((node) => (node === undefined ? [] : [JSON.parse(node.data) as WorkerAnnouncement]));
}
