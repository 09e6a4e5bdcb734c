// The one order in which every job takes its locks, so that no two can wait for each other; and where each lock's queue lives.
import { decodeSegment, encodeSegment } from './path.js';
import type { LockMode } from './lock-queue.js';
import type { LockRequest } from './locks.js';

export const locksPath = '/locks';

// encodeSegment leaves no colon in a name, so a prefixed name is never another resource's.
const slotPrefix = 'slot:';

/** A request ready to be queued: `segment` names its queue below locksPath. */
export interface OrderedRequest {
  resource: string;
  segment: string;
  mode: LockMode;
  slots: number;
}

function toOrdered({ resource, mode, slots = 1 }: LockRequest): OrderedRequest {
  if (!Number.isSafeInteger(slots) || slots < 1) throw new TypeError(`${slots} is not a number of slots`);
  return { resource, mode, slots, segment: (mode === 'slot' ? slotPrefix : '') + encodeSegment(resource) };
}

/** Two wishes of one job for the same queue as one: it would wait for itself otherwise. The stronger one wins. */
function merge(one: OrderedRequest, other: OrderedRequest): OrderedRequest {
  if (one.mode === 'slot') return one.slots <= other.slots ? one : other;
  return one.mode === 'exclusive' ? one : other;
}

/** By code units, as every process compares alike; slots come last, so that no job keeps one busy while it waits for a lock. */
function compare(one: OrderedRequest, other: OrderedRequest): number {
  const rank = Number(one.mode === 'slot') - Number(other.mode === 'slot');
  if (rank !== 0) return rank;
  return one.segment < other.segment ? -1 : 1;
}

/**
 * The requests in the global order: locks by name, then slots by name, each queue once. The place depends on the queue alone; so a
 * resource's slots are counted apart from its locks. Throws TypeError or URIError for a resource that is empty or not well-formed.
 */
export function inLockOrder(requests: readonly LockRequest[]): OrderedRequest[] {
  const bySegment = new Map<string, OrderedRequest>();
  for (const request of requests.map(toOrdered)) {
    const same = bySegment.get(request.segment);
    bySegment.set(request.segment, same ? merge(same, request) : request);
  }
  return [...bySegment.values()].toSorted(compare);
}

/** The resource whose queue this is. */
export function resourceOf(segment: string): string {
  return decodeSegment(segment.startsWith(slotPrefix) ? segment.slice(slotPrefix.length) : segment);
}
