// The rows of the simulated Ceph in memory: looked up by what they are, and changed one operation after the other.
import type { Permit } from '../../../src/cluster/permit.js';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { SnapshotName, VolumeName } from '../ceph.js';
import {
  type CephRow,
  keyOf,
  type SimulatedDevice,
  type SimulatedOsd,
  type SimulatedPool,
  type SimulatedSnapshot,
  type SimulatedVolume,
} from './simulated-ceph-rows.js';
import type { CephStore } from './simulated-ceph-store.js';

/** What an operation changes. */
export interface CephChange {
  put?: CephRow[];
  gone?: CephRow[];
}

export interface CephState {
  osds(): SimulatedOsd[];
  pools(): SimulatedPool[];
  volumes(): SimulatedVolume[];
  devices(): SimulatedDevice[];
  flags(): string[];
  osd(id: number): SimulatedOsd | undefined;
  pool(name: string): SimulatedPool | undefined;
  volume(name: VolumeName): SimulatedVolume | undefined;
  device(node: string, path: string): SimulatedDevice | undefined;
  /** A number that nothing had before; the counter must be put with what it is given to. */
  next(): { number: number; counter: CephRow };
  /** Applies an operation after those before it, if the permit allows it then; rejects with what either throws, and then nothing is changed. */
  change(operation: () => CephChange, permit?: Permit): Promise<void>;
  /** All there is, in order of keys. */
  snapshot(): CephRow[];
  close(): Promise<void>;
}

export async function openCephState(store: CephStore): Promise<CephState> {
  const rows = new Map((await store.read()).map((row) => [keyOf(row), row]));
  let last: Promise<void> = Promise.resolve();
  let closed = false;

  function ofKind<K extends CephRow['kind']>(kind: K): Extract<CephRow, { kind: K }>[] {
    return [...rows.values()].filter((row): row is Extract<CephRow, { kind: K }> => row.kind === kind);
  }
  function at<R extends CephRow>(row: Partial<R> & { kind: R['kind'] }): R | undefined {
    return rows.get(keyOf(row as R)) as R | undefined;
  }

  async function apply(operation: () => CephChange): Promise<void> {
    if (closed) throw new ClassifiedError('environment_error', 'the simulated Ceph is closed');
    const { put = [], gone = [] } = operation();
    if (put.length + gone.length === 0) return;
    await store.write(put, gone);
    for (const row of gone) rows.delete(keyOf(row));
    for (const row of put) rows.set(keyOf(row), row);
  }

  return {
    osds: () => ofKind('osd').toSorted((one, other) => one.id - other.id),
    pools: () => ofKind('pool').toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    volumes: () => ofKind('volume').toSorted((one, other) => (one.volume < other.volume ? -1 : 1)),
    devices: () => ofKind('device'),
    flags: () =>
      ofKind('flag')
        .map(({ name }) => name)
        .toSorted(),
    osd: (id) => at<SimulatedOsd>({ kind: 'osd', id }),
    pool: (name) => at<SimulatedPool>({ kind: 'pool', name }),
    volume: ({ pool, volume }) => at<SimulatedVolume>({ kind: 'volume', pool, volume }),
    device: (node, path) => at<SimulatedDevice>({ kind: 'device', node, path }),
    next() {
      const number = (ofKind('counter')[0]?.last ?? 0) + 1;
      return { number, counter: { kind: 'counter', last: number } };
    },
    change(operation, permit) {
      const changed = last.then(() => permit?.()).then(() => apply(operation));
      last = changed.catch(() => undefined);
      return changed;
    },
    snapshot: () => [...rows.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => structuredClone(row)),
    async close() {
      await last;
      closed = true;
      await store.close();
    },
  };
}

/** The same, for who must be permitted to change it. */
export const permitted = (state: CephState, permit: Permit | undefined): CephState => ({
  ...state,
  change: (operation) => state.change(operation, permit),
});

/** Throws unknown_entity. */
export function knownPool(state: CephState, name: string): SimulatedPool {
  const pool = state.pool(name);
  if (pool === undefined) throw new ClassifiedError('unknown_entity', `pool "${name}" does not exist`);
  return pool;
}

/** Throws unknown_entity. */
export function knownVolume(state: CephState, name: VolumeName): SimulatedVolume {
  const volume = state.volume(name);
  if (volume === undefined) throw new ClassifiedError('unknown_entity', `volume "${name.pool}/${name.volume}" does not exist`);
  return volume;
}

/** Throws unknown_entity. */
export function knownSnapshot(state: CephState, name: SnapshotName): SimulatedSnapshot {
  const snapshot = knownVolume(state, name).snapshots.find((taken) => taken.name === name.snapshot);
  if (snapshot !== undefined) return snapshot;
  throw new ClassifiedError('unknown_entity', `snapshot "${name.pool}/${name.volume}@${name.snapshot}" does not exist`);
}

/** Throws unknown_entity. */
export function knownOsd(state: CephState, id: number): SimulatedOsd {
  const osd = state.osd(id);
  if (osd === undefined) throw new ClassifiedError('unknown_entity', `OSD ${id} does not exist`);
  return osd;
}
