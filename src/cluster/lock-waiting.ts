// What every kind of lock does with its queue: seeing who bars an entry's way, and hearing when one of them goes.
import { defer } from './deferred.js';
import { readHolder, type LockHolder } from './lock-holder.js';
import { locksPath, type OrderedRequest } from './lock-order.js';
import type { QueueEntry } from './lock-queue.js';
import type { Store } from './store.js';

/** Somebody for whom a claim waits, who may be waiting as well. */
export interface Blocker extends LockHolder {
  resource: string;
}

export const queuePath = ({ segment }: Pick<OrderedRequest, 'segment'>): string => `${locksPath}/${segment}`;

/** Those of the entries that are still there. `onGone` is called at the next change of one that is. */
export async function readBlockers(
  store: Store,
  request: Pick<OrderedRequest, 'resource' | 'segment'>,
  entries: readonly QueueEntry[],
  onGone?: () => void,
): Promise<Blocker[]> {
  const read = async ({ name, mode }: QueueEntry): Promise<Blocker[]> => {
    const path = `${queuePath(request)}/${name}`;
    const node = await (onGone === undefined ? store.get(path) : store.getPresent(path, onGone));
    return node === undefined ? [] : [{ resource: request.resource, ...readHolder(node.data, mode) }];
  };
  return (await Promise.all(entries.map(read))).flat();
}

/** Resolves when one of these entries has changed or is gone; tells of them first if all are there. */
export async function anyGone(
  store: Store,
  request: Pick<OrderedRequest, 'resource' | 'segment'>,
  entries: readonly QueueEntry[],
  onWait: (blockers: Blocker[]) => void = () => undefined,
): Promise<void> {
  const gone = defer<void>();
  const present = await readBlockers(store, request, entries, gone.resolve);
  if (present.length < entries.length) return;
  onWait(present);
  await gone.promise;
}

/** The promise's result, unless the signal aborts first. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
