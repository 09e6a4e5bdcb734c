// Where the cluster and Ceph do not agree, and what would make the cluster agree. A difference is told only when it is seen twice: what a
// job is just making or removing is for a moment known to one of the two. Any look that fails fails all of it.
import {
  volumeSpec,
  type OsdDocument,
  type PoolDocument,
  type SnapshotDocument,
  type VolumeDocument,
} from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { OsdSighting, PoolSighting, SnapshotFacts, VolumeName } from '../drivers/ceph.js';
import type { World } from '../engine/world.js';
import { NOBODY } from '../steps/settle-drift.js';
import { snapshotRecord, volumeRecord } from '../steps/storage-records.js';

type Difference = 'unknown' | 'missing' | 'differs';

interface About {
  /** `osd/3`, `pool/vms`, `volume/vms/web1`, `snapshot/vms/web1@daily`. */
  thing: string;
  difference: Difference;
  detail: string;
}

/** What one of the two knows otherwise. `known` is what the cluster knows, `is` what it would know; null: nothing. */
export type Drift = About &
  (
    | { kind: 'osd'; known: OsdDocument | null; is: OsdDocument | null }
    | { kind: 'pool'; known: PoolDocument | null; is: PoolDocument | null }
    | { kind: 'volume'; known: VolumeDocument | null; is: VolumeDocument | null }
    | { kind: 'snapshot'; within: VolumeDocument; known: SnapshotDocument | null; is: SnapshotDocument | null }
  );

const AT_A_TIME = 4;

/** All drift, in order of things. */
export async function findDrift(world: World): Promise<Drift[]> {
  const first = [...(await osdDrift(world)), ...(await poolDrift(world))];
  const specs = await volumeSpecs(world);
  const volumes = await eachOf(specs, (spec) => volumeDrift(world, spec));
  const seen = [...first, ...volumes.flat()];
  if (seen.length === 0) return [];

  const again = [...(await osdDrift(world)), ...(await poolDrift(world))];
  const doubtful = specs.filter((_, index) => (volumes[index]?.length ?? 0) > 0);
  const confirmed = [...again, ...(await eachOf(doubtful, (spec) => volumeDrift(world, spec))).flat()];
  const isSeen = new Set(seen.map(nameOf));
  return confirmed.filter((drift) => isSeen.has(nameOf(drift))).toSorted((one, other) => (one.thing < other.thing ? -1 : 1));
}

const nameOf = ({ thing, difference }: About) => `${difference} ${thing}`;

/** A few at a time, and the results in the order of the items. */
async function eachOf<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const takeTurns = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, takeTurns));
  return results;
}

async function osdDrift({ storage, ceph }: World): Promise<Drift[]> {
  const sightings = new Map((await ceph().osds()).map((osd) => [String(osd.id), osd]));
  const documents = new Map(await eachOf(await storage.osds.keys(), async (id) => [id, await storage.osds.find(id)] as const));
  return [...new Set([...sightings.keys(), ...documents.keys()])].flatMap((id): Drift[] => {
    const [known, seen] = [documents.get(id) ?? null, sightings.get(id)];
    const about = aboutOf(`osd/${id}`, known, seen, [
      ['UUID', known?.fsid, seen?.fsid],
      // An OSD that stands nowhere yet does not contradict.
      ['node', known?.node, seen?.host === '' ? known?.node : seen?.host],
    ]);
    if (about === undefined) return [];
    return [{ ...about, kind: 'osd', known, is: seen === undefined ? null : osdRecord(seen, known) }];
  });
}

/** Without its device, which only its node knows. */
const osdRecord = ({ id, host, fsid }: OsdSighting, known: OsdDocument | null): OsdDocument => ({
  id,
  node: host === '' ? (known?.node ?? '') : host,
  device: '',
  fsid,
  added_by: known?.added_by ?? NOBODY,
});

/** Those that are made for RBD. */
const rbdPools = async ({ ceph }: World): Promise<PoolSighting[]> =>
  (await ceph().pools()).filter(({ applications }) => applications.includes('rbd'));

async function poolDrift(world: World): Promise<Drift[]> {
  const { pools } = world.storage;
  const sightings = new Map((await rbdPools(world)).map((pool) => [pool.name, pool]));
  const documents = new Map(await eachOf(await pools.keys(), async (name) => [name, await pools.find(name)] as const));
  return [...new Set([...sightings.keys(), ...documents.keys()])].flatMap((name): Drift[] => {
    const [known, seen] = [documents.get(name) ?? null, sightings.get(name)];
    const about = aboutOf(`pool/${name}`, known, seen, [
      ['pgs', known?.pgs, seen?.pgs],
      ['copies', known?.copies, seen?.copies],
      ['mincopies', known?.mincopies, seen?.minCopies],
    ]);
    if (about === undefined) return [];
    const { pgs = 0, copies = 0, minCopies: mincopies = 0 } = seen ?? {};
    return [
      {
        ...about,
        kind: 'pool',
        known,
        is: seen === undefined ? null : { name, pgs, copies, mincopies, added_by: known?.added_by ?? NOBODY },
      },
    ];
  });
}

/** Of all volumes that either of the two knows. */
async function volumeSpecs(world: World): Promise<string[]> {
  const ceph = world.ceph();
  const inCeph = await eachOf(await rbdPools(world), async ({ name }) => await unlessUnknown(ceph.volumes(name)));
  const specs = inCeph.flatMap((volumes) => (volumes ?? []).map(({ pool, volume }) => volumeSpec(pool, volume)));
  return [...new Set([...specs, ...(await world.storage.volumes.keys())])];
}

/** Undefined when it, or the pool that it is in, is not there. */
async function unlessUnknown<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof ClassifiedError && error.errorClass === 'unknown_entity') return undefined;
    throw error;
  }
}

async function volumeDrift(world: World, spec: string): Promise<Drift[]> {
  const ceph = world.ceph();
  const [pool = '', volume = ''] = spec.split('/');
  const name: VolumeName = { pool, volume };
  const known = (await world.storage.volumes.find(spec)) ?? null;
  const seen = await unlessUnknown(ceph.volume(name));
  const snapshots = seen === undefined || seen.snapshotCount === 0 ? [] : ((await unlessUnknown(ceph.snapshots(name))) ?? []);
  const about = aboutOf(`volume/${spec}`, known, seen, [
    ['ID', known?.id, seen?.id],
    ['size in bytes', known?.size_bytes, seen?.sizeBytes],
  ]);
  const addedBy = known?.added_by ?? NOBODY;
  const is =
    seen === undefined
      ? null
      : {
          ...volumeRecord(seen),
          // One that is known keeps its snapshots: each of them is a thing of its own. One that is not comes with all it has.
          snapshots: known === null ? snapshots.map((snapshot) => snapshotRecord(snapshot, NOBODY)) : known.snapshots,
          added_by: addedBy,
        };
  const drift: Drift[] = about === undefined ? [] : [{ ...about, kind: 'volume', known, is }];
  return known === null || seen === undefined ? drift : [...drift, ...snapshotDrift(known, snapshots)];
}

function snapshotDrift(volume: VolumeDocument, sightings: readonly SnapshotFacts[]): Drift[] {
  const spec = volumeSpec(volume.pool, volume.name);
  const seenBy = new Map(sightings.map((seen) => [seen.snapshot, seen]));
  const knownBy = new Map(volume.snapshots.map((known) => [known.name, known]));
  return [...new Set([...seenBy.keys(), ...knownBy.keys()])].flatMap((name): Drift[] => {
    const [known, seen] = [knownBy.get(name) ?? null, seenBy.get(name)];
    const about = aboutOf(`snapshot/${spec}@${name}`, known, seen, [
      ['ID', known?.id, seen?.id],
      ['size in bytes', known?.size_bytes, seen?.sizeBytes],
    ]);
    if (about === undefined) return [];
    const is = seen === undefined ? null : snapshotRecord(seen, known?.added_by ?? NOBODY);
    return [{ ...about, kind: 'snapshot', within: volume, known, is }];
  });
}

/** Undefined when both know it, and know the same. */
function aboutOf(
  thing: string,
  known: object | null,
  seen: object | undefined,
  values: readonly (readonly [what: string, known: unknown, seen: unknown])[],
): About | undefined {
  if (known === null && seen === undefined) return undefined;
  if (known === null) return { thing, difference: 'unknown', detail: '' };
  if (seen === undefined) return { thing, difference: 'missing', detail: '' };
  const differing = values.filter(([, one, other]) => one !== other);
  if (differing.length === 0) return undefined;
  const detail = differing.map(([what, one, other]) => `${what}: ${String(other)} in Ceph, known as ${String(one)}`).join('; ');
  return { thing, difference: 'differs', detail };
}
