// The storage as last seen, in memory: what GETs are answered from.
import type { Osd } from '../../schemas/resources/osd.js';
import type { Pool } from '../../schemas/resources/pool.js';
import type { Snapshot, Volume } from '../../schemas/resources/volume.js';
import type { Vm } from '../../schemas/resources/vm.js';
import { mirrorCollection, type Mirror } from './mirror.js';
import { decodeSegment, encodeSegment } from './path.js';
import { OSDS, POOLS, volumeSpec, VOLUMES, type OsdDocument, type PoolDocument, type VolumeDocument } from './storage-documents.js';
import type { StorageReader, VolumeFilter } from './storage-reader.js';
import { STORAGE_REPORTS, type ReportPart } from './storage-reports.js';
import { dfFrom, osdFrom, poolFrom, snapshotFrom, statusFrom, volumeFrom } from './storage-resources.js';
import type { Store } from './store.js';
import { followVolumeUsers } from './volume-users.js';

export interface StorageMirror extends StorageReader {
  /** As Mirror.staleSince, of all its parts. */
  readonly staleSinceMs: number | undefined;
  /** As Mirror.caughtUp, of all its parts. */
  caughtUp(): Promise<void>;
  close(): void;
}

interface MirroredVolume {
  volume: Volume;
  snapshots: Snapshot[];
}

/** Resolves when everything is loaded. `onError` is told of nodes of the store that can't be read. */
export async function mirrorStorage(
  store: Store,
  vms: Pick<Mirror<Vm>, 'all' | 'onChange'>,
  onError: (error: unknown, what: string | undefined) => void,
): Promise<StorageMirror> {
  const options = { onError };
  const [osds, pools, volumes, reports] = await Promise.all([
    mirrorCollection(store, OSDS, (text) => JSON.parse(text) as OsdDocument, options),
    mirrorCollection(store, POOLS, (text) => JSON.parse(text) as PoolDocument, options),
    mirrorCollection(store, VOLUMES, mirroredVolume, { ...options, index: ({ volume }) => volume.pool }),
    mirrorCollection(store, STORAGE_REPORTS, (text) => JSON.parse(text) as ReportPart, options),
  ]);
  const mirrors = [osds, pools, volumes, reports];
  const heardAtMs = new Map<string, number>();
  const note = (key: string, part: ReportPart | undefined) => {
    if (part === undefined) heardAtMs.delete(key);
    else heardAtMs.set(key, Date.now());
  };
  reports.onChange(note);
  for (const [key, part] of reports.all()) note(key, part);
  const users = followVolumeUsers(vms);
  const byName = followVolumeNames(volumes);
  const osdFigures = figuresOf(
    reports,
    (part) => part.osds,
    ({ id }) => id,
  );
  const poolFigures = figuresOf(
    reports,
    (part) => part.pools,
    ({ name }) => name,
  );

  const osdOf = (document: OsdDocument): Osd => osdFrom(document, osdFigures(document.id));
  const poolOf = (document: PoolDocument): Pool => poolFrom(document, volumes.keysBy(document.name).size, poolFigures(document.name));
  const find = (pool: string, name: string) => volumes.get(encodeSegment(volumeSpec(pool, name)));

  function* matching({ pool, volume }: VolumeFilter = {}): Iterable<MirroredVolume> {
    if (pool !== undefined && volume !== undefined) {
      const found = find(pool, volume);
      if (found !== undefined) yield found;
    } else if (pool === undefined && volume === undefined) {
      yield* volumes.all().values();
    } else {
      for (const key of pool === undefined ? byName(volume ?? '') : volumes.keysBy(pool)) {
        const found = volumes.get(key);
        if (found !== undefined) yield found;
      }
    }
  }

  return {
    status() {
      const part = reports.get('status');
      return part && statusFrom(part);
    },
    df() {
      const part = reports.get('df');
      return part && dfFrom(part);
    },
    *osds() {
      for (const document of osds.all().values()) yield osdOf(document);
    },
    osd(id) {
      const document = osds.get(String(id));
      return document && osdOf(document);
    },
    *pools() {
      for (const document of pools.all().values()) yield poolOf(document);
    },
    pool(name) {
      const document = pools.get(encodeSegment(name));
      return document && poolOf(document);
    },
    *volumes(filter) {
      for (const { volume } of matching(filter)) yield volume;
    },
    volume: (pool, name) => find(pool, name)?.volume,
    *snapshots(filter) {
      for (const { snapshots } of matching(filter)) yield* snapshots;
    },
    snapshot: (pool, volume, name) => find(pool, volume)?.snapshots.find(({ snapshot }) => snapshot === name),
    vmsWith: (pool, volume) => users.of(volumeSpec(pool, volume)),
    get reportedAtMs() {
      // A part is as old as the primary says it is, and at least as old as it has been known here: the primary's clock may be fast.
      const times = [...reports.all()].map(([key, { collected_at }]) => Math.min(collected_at * 1000, heardAtMs.get(key) ?? Infinity));
      return times.length === 0 ? undefined : Math.min(...times);
    },
    get staleSinceMs() {
      const since = mirrors.flatMap(({ staleSince }) => (staleSince === undefined ? [] : [staleSince]));
      return since.length === 0 ? undefined : Math.min(...since);
    },
    async caughtUp() {
      await Promise.all(mirrors.map((mirror) => mirror.caughtUp()));
    },
    close() {
      users.close();
      for (const mirror of mirrors) mirror.close();
    },
  };
}

function mirroredVolume(text: string): MirroredVolume {
  const document = JSON.parse(text) as VolumeDocument;
  return { volume: volumeFrom(document), snapshots: document.snapshots.map((snapshot) => snapshotFrom(document, snapshot)) };
}

/** The keys of the volumes of a name, whatever their pool. A name is part of the key, so it never changes. */
function followVolumeNames(volumes: Mirror<MirroredVolume>): (name: string) => ReadonlySet<string> {
  const names = new Map<string, Set<string>>();
  const nameOf = (key: string) => decodeSegment(key).replace(/^[^/]*\//, '');
  const note = (key: string, value: MirroredVolume | undefined) => {
    const name = nameOf(key);
    const keys = names.get(name) ?? new Set<string>();
    if (value === undefined) keys.delete(key);
    else keys.add(key);
    if (keys.size === 0) names.delete(name);
    else names.set(name, keys);
  };
  volumes.onChange(note);
  for (const [key, value] of volumes.all()) note(key, value);
  return (name) => names.get(name) ?? new Set();
}

/** What the parts of a report tell of one thing; gathered anew only when a part has changed. */
function figuresOf<T, K>(
  reports: Mirror<ReportPart>,
  listOf: (part: ReportPart) => T[] | undefined,
  keyOf: (figures: T) => K,
): (key: K) => T | undefined {
  let gathered: Map<K, T> | undefined;
  reports.onChange(() => (gathered = undefined));
  return (key) => {
    gathered ??= new Map(
      [...reports.all().values()].flatMap((part) => (listOf(part) ?? []).map((figures): [K, T] => [keyOf(figures), figures])),
    );
    return gathered.get(key);
  };
}
