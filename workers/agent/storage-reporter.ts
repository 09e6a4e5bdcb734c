// The primary's look at the storage: what Ceph tells of itself is reported to the cluster, where GETs are answered from it. When Ceph does
// not answer, the last report stays, and shows its age.
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { reportStorage } from '../../src/cluster/storage-reports.js';
import type { Store } from '../../src/cluster/store.js';
import { classify } from '../../src/errors/classified-error.js';
import type { OpenCeph } from '../drivers/ceph.js';

export interface StorageReporterParts {
  node: string;
  store: Store;
  ceph: OpenCeph;
  intervalMs: number;
  log: Logger;
}

/** Reports until the signal aborts; resolves when nothing of it goes on any more. */
export async function reportWhilePrimary({ node, store, ceph, intervalMs, log }: StorageReporterParts, signal: AbortSignal): Promise<void> {
  /** Said once, and not at every look. */
  let trouble = '';
  while (!signal.aborted) {
    try {
      await report();
      trouble = '';
    } catch (error) {
      if (signal.aborted) return;
      const { message } = classify(error);
      if (message !== trouble) log.warn({ err: error, node }, 'the primary cannot report the storage');
      trouble = message;
    }
    await delay(intervalMs, undefined, { signal }).catch(() => undefined);
  }

  async function report(): Promise<void> {
    const collectedAtS = Date.now() / 1000;
    const survey = await ceph({ signal }).survey();
    signal.throwIfAborted();
    await reportStorage(store, { node, collectedAtS, ...survey });
  }
}
