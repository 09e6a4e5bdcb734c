// What an opcode holds while it runs: its locks, and a place on the node that it keeps busy.
import { documentsOf } from '../../src/cluster/cluster-documents.js';
import { fencedStore, LocksLost, type LockEntry } from '../../src/cluster/fence.js';
import type { Blocker, HeldLocks, LockRequest } from '../../src/cluster/locks.js';
import { SessionExpired } from '../../src/cluster/store.js';
import { fencedCeph } from './bound-ceph.js';
import type { EngineParts } from './engine.js';
import type { World } from './world.js';

export interface Hold {
  /** Aborted (LocksLost) when any of it is lost. */
  lost: AbortSignal;
  /** What stands for it in the cluster's store. */
  entries: readonly LockEntry[];
  release(): Promise<void>;
}

/** The world for who holds these: what is changed on nodes and in Ceph is changed in their name, until `leave` aborts. */
export function worldUnder({ world, store }: EngineParts, holds: readonly Hold[], leave: AbortSignal): World {
  const entries = holds.flatMap((hold) => hold.entries);
  const signal = holds.length === 0 ? leave : AbortSignal.any([leave, ...holds.map(({ lost }) => lost)]);
  return {
    ...world,
    ...documentsOf(fencedStore(store, entries)),
    hypervisors: { on: (node) => world.hypervisors.on(node, { entries, signal }) },
    osdHosts: { on: (node, context) => world.osdHosts.on(node, { ...context, entries, signal }) },
    ceph: fencedCeph(world.ceph, store, entries, signal),
  };
}

interface Asker {
  job: number;
  opcode: string;
  /** Gives the waiting up; its reason is thrown. */
  signal: AbortSignal;
  /** Told each time that it has to wait. */
  onWait(text: string): void;
}

/** The place that an opcode takes on a node; asked for last of all, so that who has one never waits for a lock. */
export const slotOn = (node: string, slots: number): LockRequest => ({ mode: 'slot', resource: `node/${node}`, slots });

/** Takes all of them or none; there must be at least one. */
export async function takeHold({ locks }: EngineParts, requests: LockRequest[], { signal, onWait, ...asker }: Asker): Promise<Hold> {
  signal.throwIfAborted();
  const held = await locks
    .acquire(requests, { ...asker, signal, onWait: (blockers) => onWait(waitText(blockers)) })
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw error instanceof SessionExpired ? new LocksLost() : error;
    });
  return { lost: asLocksLost(held), entries: held.entries, release: () => held.release() };
}

const waitText = (blockers: Blocker[]) =>
  `waits for ${blockers.map(({ resource, job, opcode }) => `${resource}, asked for by ${job === 0 ? 'an agent' : `job ${job}`} (${opcode}) before`).join('; ')}`;

function asLocksLost({ lost }: HeldLocks): AbortSignal {
  const controller = new AbortController();
  const tell = () => controller.abort(new LocksLost());
  if (lost.aborted) tell();
  else lost.addEventListener('abort', tell, { once: true });
  return controller.signal;
}
