// OP_STORAGE_VERIFY
import { StorageVerify } from '../../schemas/opcodes/storage-verify.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive, shared, type LockWish } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import type { World } from '../engine/world.js';
import { settleDrift } from '../steps/settle-drift.js';
import { findDrift } from './storage-drift.js';
import { changesFor, settlementOf, type Wanted } from './storage-settlement.js';

export const storageVerify = opcode(StorageVerify, {
  version: 1,
  locks: ({ adopt = false, drop = false }) => {
    // Who changes all of it waits until nobody else changes any of it. Who only looks disturbs nobody.
    if (adopt === true || drop === true) return [exclusive.storage()];
    const named = [...listed(adopt), ...listed(drop)];
    return named.length === 0 ? [] : [shared.storage(), ...named.flatMap(locksOf)];
  },
  check: async (world, { adopt = false, drop = false }) => {
    await assertCephIsThere(world);
    const drift = await findDrift(world);
    const settlement = settlementOf(drift, adopt, drop);
    const adopted = new Set(settlement.adopted.map(({ thing }) => thing));
    const dropped = new Set(settlement.dropped.map(({ thing }) => thing));
    const done = (thing: string) =>
      adopted.has(thing) ? ('adopted' as const) : dropped.has(thing) ? ('dropped' as const) : ('nothing' as const);
    return {
      drift: drift.map(({ thing, difference, detail }) => ({ thing, difference, detail, done: done(thing) })),
      changes: await changesFor(world, settlement),
    };
  },
  steps: ({ changes }) => (changes.length === 0 ? [] : [settleDrift(changes)]),
  result: ({ drift }) => ({ drift }),
});

const listed = (wanted: Wanted): readonly string[] => (typeof wanted === 'boolean' ? [] : wanted);

/** A volume is locked with its snapshots, as by those who work on it. */
function locksOf(thing: string): LockWish[] {
  const [kind, first = '', rest = ''] = thing.split('/');
  if (kind === 'osd') return [exclusive.osd(Number(first))];
  if (kind === 'pool') return [exclusive.pool(first)];
  return [shared.pool(first), exclusive.volume(first, rest.replace(/@.*$/, ''))];
}

/** A Ceph without any OSD is none that ever held anything: what the cluster knows is then not measured by it. */
async function assertCephIsThere({ ceph, storage }: World): Promise<void> {
  if ((await ceph().osds()).length > 0) return;
  const [pools, osds] = [await storage.pools.keys(), await storage.osds.keys()];
  if (pools.length + osds.length === 0) return;
  throw new ClassifiedError('environment_error', 'Ceph tells of no OSD at all, so what it tells of the rest is not believed');
}
