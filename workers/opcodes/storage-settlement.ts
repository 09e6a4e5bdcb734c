// Which differences between the cluster and Ceph a job settles, and the documents that it changes for them.
import { volumeSpec, type VolumeDocument } from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { World } from '../engine/world.js';
import type { DocumentChange } from '../steps/settle-drift.js';
import type { Drift } from './storage-drift.js';

/** True: everything. */
export type Wanted = boolean | readonly string[];

interface Settlement {
  adopted: Drift[];
  dropped: Drift[];
}

/** Throws unknown_entity when something is named that has no such difference. */
export function settlementOf(drift: readonly Drift[], adopt: Wanted, drop: Wanted): Settlement {
  const adopted = pick(
    'adopt',
    adopt,
    drift.filter(({ difference }) => difference !== 'missing'),
  );
  const missing = drift.filter(({ difference }) => difference === 'missing');
  const named = new Set(pick('drop', drop, missing).map(({ thing }) => thing));
  // A pool goes with its volumes.
  const dropped = missing.filter(({ thing }) => named.has(thing) || named.has(poolThing(thing)));
  const unknownPools = new Set(drift.filter((each) => each.kind === 'pool' && each.known === null).map(({ thing }) => thing));
  const withPool = new Set(adopted.map(({ thing }) => thing));
  for (const { kind, thing } of adopted) {
    const pool = poolThing(thing);
    if (kind !== 'volume' || !unknownPools.has(pool) || withPool.has(pool)) continue;
    throw new ClassifiedError('unknown_entity', `"${thing}" cannot be adopted without "${pool}", which the cluster does not know`);
  }
  return { adopted, dropped };
}

/** `pool/vms` for `volume/vms/web1`. */
const poolThing = (thing: string) => thing.replace(/^volume\/([^/]*)\/.*$/, 'pool/$1');

function pick(word: string, wanted: Wanted, candidates: Drift[]): Drift[] {
  if (typeof wanted === 'boolean') return wanted ? candidates : [];
  const things = new Set(candidates.map(({ thing }) => thing));
  const [absent] = wanted.filter((thing) => !things.has(thing));
  if (absent !== undefined) throw new ClassifiedError('unknown_entity', `there is nothing to ${word} about "${absent}"`);
  return candidates.filter(({ thing }) => wanted.includes(thing));
}

/** The documents that change, in an order in which they can. Asks the nodes of adopted OSDs for their devices. */
export async function changesFor(world: World, { adopted, dropped }: Settlement): Promise<DocumentChange[]> {
  const settled = [...adopted, ...dropped];
  const osds = await Promise.all(settled.flatMap((drift) => (drift.kind === 'osd' ? [osdChange(world, drift)] : [])));
  const pools = settled.flatMap((drift): DocumentChange[] =>
    drift.kind === 'pool' ? [{ collection: 'pools', key: nameOf(drift), before: drift.known, after: drift.is }] : [],
  );
  const [newPools, gonePools] = [pools.filter(({ after }) => after !== null), pools.filter(({ after }) => after === null)];
  return [...osds, ...newPools, ...volumeChanges(settled), ...gonePools];
}

const nameOf = ({ thing }: Drift) => thing.slice(thing.indexOf('/') + 1);

async function osdChange({ cluster, osdHosts }: World, { known, is }: Drift & { kind: 'osd' }): Promise<DocumentChange> {
  const key = String((is ?? known)?.id);
  if (is === null) return { collection: 'osds', key, before: known, after: null };
  // What stands under a machine that is no node of this cluster keeps its device to itself.
  const local = cluster.node(is.node) === undefined ? [] : await (await osdHosts.on(is.node)).localOsds();
  const device = local.find(({ id, fsid }) => id === is.id && fsid === is.fsid)?.devices[0] ?? '';
  return { collection: 'osds', key, before: known, after: { ...is, device } };
}

/** One change for each volume, whatever of it and its snapshots is settled. */
function volumeChanges(settled: readonly Drift[]): DocumentChange[] {
  const changes = new Map<string, { before: VolumeDocument | null; after: VolumeDocument | null }>();
  for (const drift of settled) {
    if (drift.kind === 'volume') changes.set(nameOf(drift), { before: drift.known, after: drift.is });
  }
  for (const drift of settled) {
    if (drift.kind !== 'snapshot') continue;
    const { within, known, is } = drift;
    const spec = volumeSpec(within.pool, within.name);
    const { before, after } = changes.get(spec) ?? { before: within, after: within };
    if (after === null) continue;
    const others = after.snapshots.filter(({ name }) => name !== (known ?? is)?.name);
    changes.set(spec, { before, after: { ...after, snapshots: is === null ? others : [...others, is].toSorted((a, b) => a.id - b.id) } });
  }
  return [...changes].map(([key, { before, after }]) => ({ collection: 'volumes', key, before, after }));
}
