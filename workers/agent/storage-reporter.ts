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

  /** One after the other: a look is not worth a crowd of commands. */
  async function report(): Promise<void> {
    const bound = ceph({ signal });
    const collectedAtS = Date.now() / 1000;
    const [status, flags, df] = [await bound.status(), await bound.flags(), await bound.df()];
    const [osds, pools] = [await bound.osds(), await bound.pools()];
    signal.throwIfAborted();
    await reportStorage(store, { node, collectedAtS, status, flags, df, osds, pools });
  }
}
