// What the primary does for the cluster as long as it is the primary. Only then it keeps a mirror of the cluster and a desk for jobs.
import type { Logger } from 'pino';
import { setTimeout as delay } from 'node:timers/promises';
import { mirrorCluster } from '../../src/cluster/cluster-mirror.js';
import { fencedStore, type LockEntry } from '../../src/cluster/fence.js';
import type { Locks } from '../../src/cluster/locks.js';
import type { Store } from '../../src/cluster/store.js';
import type { JobDesk } from '../../src/jobs/job-desk.js';
import type { OpenCeph } from '../drivers/ceph.js';
import { lockReaper } from './lock-reaper.js';
import { STORAGE_LOOKS } from './pace.js';
import { reportWhilePrimary } from './storage-reporter.js';
import { watchVms } from './watcher.js';

export type OpenDesk = () => Promise<JobDesk & { close(): Promise<void> }>;

export interface DutyParts {
  node: string;
  store: Store;
  ceph: OpenCeph;
  locks: Locks;
  openDesk: OpenDesk;
  intervalMs: number;
  log: Logger;
}

/**
 * Serves until the signal aborts; resolves when nothing of it goes on any more. What is away (queue, store) is tried again. What it reports is
 * refused once these entries are gone, however late it comes.
 */
export async function servePrimary(parts: DutyParts, signal: AbortSignal, entries: readonly LockEntry[]): Promise<void> {
  const { node, store, ceph, intervalMs, log } = parts;
  const reporting = reportWhilePrimary(
    { node, store: fencedStore(store, entries), ceph, intervalMs: STORAGE_LOOKS * intervalMs, log },
    signal,
  );
  await Promise.all([reporting, watchWhilePrimary(parts, signal)]);
}

async function watchWhilePrimary({ node, store, locks, openDesk, intervalMs, log }: DutyParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const opened: (() => unknown)[] = [];
    // What opens too late, for a queue that was away, is closed again.
    const open = async <T extends { close(): unknown }>(opening: Promise<T>): Promise<T> => {
      opening.then((thing) => (signal.aborted ? thing.close() : opened.push(() => thing.close()))).catch(() => undefined);
      return await unlessAborted(opening, signal);
    };
    try {
      const cluster = await open(
        mirrorCluster(store, (error, what) => log.warn({ err: error, what }, 'a part of the cluster state cannot be read')),
      );
      const desk = await open(openDesk());
      const watcher = watchVms({ cluster, desk, store, locks, signal, log });
      const reaper = lockReaper({ store, desk, log });
      for (;;) {
        signal.throwIfAborted();
        for (const duty of [watcher, reaper]) await duty.look().catch((error: unknown) => logUnlessAborted(error));
        await delay(intervalMs, undefined, { signal });
      }
    } catch (error) {
      logUnlessAborted(error);
    } finally {
      for (const close of opened.splice(0)) await close();
    }
    await delay(intervalMs, undefined, { signal }).catch(() => undefined);
  }

  function logUnlessAborted(error: unknown): void {
    if (!signal.aborted) log.warn({ err: error, node }, 'the primary could not look after the cluster');
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  return await Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', stop));
}
