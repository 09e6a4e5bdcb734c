// What an opcode may do with the locks that it holds: all that it changes, in the store, on nodes and in Ceph, is changed in their name.
import { documentsOf } from '../../src/cluster/cluster-documents.js';
import { fencedStore, type LockEntry } from '../../src/cluster/fence.js';
import type { LockRequest } from '../../src/cluster/locks.js';
import { fencedCeph } from './bound-ceph.js';
import type { EngineParts } from './engine.js';
import type { World } from './world.js';

/** The world for who holds these entries of locks, until `leave` aborts. */
export function worldUnder({ world, store }: EngineParts, entries: readonly LockEntry[], leave: AbortSignal): World {
  return {
    ...world,
    ...documentsOf(fencedStore(store, entries)),
    hypervisors: { on: (node) => world.hypervisors.on(node, { entries, signal: leave }) },
    osdHosts: { on: (node, context) => world.osdHosts.on(node, { ...context, entries, signal: leave }) },
    ceph: fencedCeph(world.ceph, store, entries, leave),
  };
}

/** The place that an opcode takes on a node; asked for last of all, so that who has one never waits for a lock. */
export const slotOn = (node: string, slots: number): LockRequest => ({ mode: 'slot', resource: `node/${node}`, slots });
