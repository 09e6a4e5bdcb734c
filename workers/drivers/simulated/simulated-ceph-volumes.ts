// The volumes and snapshots of the simulated Ceph. They hold nothing: sizes and names are all there is of them.
import { setTimeout as pause } from 'node:timers/promises';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { CallContext } from '../call-context.js';
import type { Ceph, SnapshotName, VolumeFacts, VolumeName } from '../ceph.js';
import { isSnapshot, nameOf, written } from '../ceph-names.js';
import type { SimulatedSnapshot, SimulatedVolume } from './simulated-ceph-rows.js';
import { type CephChange, type CephState, knownPool, knownSnapshot, knownVolume } from './simulated-ceph-state.js';

type VolumeMethods = Pick<
  Ceph,
  | 'volumes'
  | 'volume'
  | 'createVolume'
  | 'resizeVolume'
  | 'renameVolume'
  | 'copyVolume'
  | 'removeVolume'
  | 'watchers'
  | 'snapshots'
  | 'createSnapshot'
  | 'renameSnapshot'
  | 'removeSnapshot'
  | 'rollbackVolume'
>;

const ORDER = 22;
const OBJECT_BYTES = 2 ** ORDER;
const COPY_PARTS = 4;

function checked<N extends VolumeName>(name: N): N {
  nameOf('pool', name.pool);
  nameOf('volume', name.volume);
  return name;
}

function see({ pool, volume, id, sizeBytes, snapshots, created }: SimulatedVolume): VolumeFacts {
  return {
    pool,
    volume,
    id,
    sizeBytes,
    objects: Math.ceil(sizeBytes / OBJECT_BYTES),
    order: ORDER,
    objectSizeBytes: OBJECT_BYTES,
    snapshotCount: snapshots.length,
    blockNamePrefix: `rbd_data.${id}`,
    format: 2,
    features: ['layering', 'exclusive-lock'],
    flags: [],
    created,
  };
}

export function simulatedVolumes(state: CephState, copyMs: number, { signal, onProgress }: CallContext): VolumeMethods {
  function add(name: VolumeName, sizeBytes: number): CephChange {
    knownPool(state, name.pool);
    if (state.volume(name) !== undefined) throw new ClassifiedError('already_exists', `volume "${written(name)}" exists already`);
    const { number, counter } = state.next();
    const id = number.toString(16).padStart(12, '1');
    const created = new Date().toUTCString();
    return { put: [counter, { kind: 'volume', ...name, id, sizeBytes, created, snapshots: [], watchers: [] }] };
  }

  function refuseWatched(volume: SimulatedVolume): void {
    if (volume.watchers.length > 0) throw new ClassifiedError('wrong_state', `volume "${written(volume)}" is in use`);
  }

  const withSnapshots = (volume: SimulatedVolume, snapshots: SimulatedSnapshot[]): CephChange => ({ put: [{ ...volume, snapshots }] });

  const sizeOf = (source: VolumeName | SnapshotName) =>
    isSnapshot(source) ? knownSnapshot(state, source).sizeBytes : knownVolume(state, source).sizeBytes;

  return {
    async volumes(pool) {
      knownPool(state, nameOf('pool', pool));
      return state
        .volumes()
        .filter((volume) => volume.pool === pool)
        .map(({ volume }) => ({ pool, volume }));
    },
    async volume(name) {
      knownPool(state, checked(name).pool);
      const found = state.volume(name);
      return found && see(found);
    },
    createVolume: async ({ pool, volume }, sizeBytes) => state.change(() => add(checked({ pool, volume }), sizeBytes)),
    resizeVolume: (name, sizeBytes, { allowShrink = false } = {}) =>
      state.change(() => {
        const volume = knownVolume(state, checked(name));
        if (sizeBytes < volume.sizeBytes && !allowShrink) {
          throw new ClassifiedError('wrong_input', `volume "${written(volume)}" would be cut to ${sizeBytes} bytes`);
        }
        return { put: [{ ...volume, sizeBytes }] };
      }),
    renameVolume: ({ pool, volume }, newName) =>
      state.change(() => {
        const there = state.volume(checked({ pool, volume: newName }));
        const old = state.volume(checked({ pool, volume }));
        if (old === undefined && there !== undefined) return {};
        if (there !== undefined) throw new ClassifiedError('already_exists', `volume "${written(there)}" exists already`);
        const known = knownVolume(state, { pool, volume });
        return { gone: [known], put: [{ ...known, volume: newName }] };
      }),
    async copyVolume(source, { pool, volume }) {
      const target = checked({ pool, volume });
      const sizeBytes = sizeOf(checked(source));
      // So that it is refused before and not after all is copied.
      add(target, sizeBytes);
      for (let part = 1; part <= COPY_PARTS; part += 1) {
        if (copyMs > 0) await pause(copyMs / COPY_PARTS);
        signal?.throwIfAborted();
        onProgress?.(part / COPY_PARTS);
      }
      await state.change(() => add(target, sizeBytes));
    },
    removeVolume: (name) =>
      state.change(() => {
        knownPool(state, checked(name).pool);
        const volume = state.volume(name);
        if (volume === undefined) return {};
        refuseWatched(volume);
        if (volume.snapshots.length > 0) throw new ClassifiedError('wrong_state', `volume "${written(name)}" has snapshots`);
        return { gone: [volume] };
      }),
    watchers: async (name) =>
      knownVolume(state, checked(name)).watchers.map((client) => ({ address: `192.0.2.1:0/${client}`, client, cookie: String(client) })),

    async snapshots(name) {
      const { pool, volume, snapshots } = knownVolume(state, checked(name));
      return snapshots.map(({ name: snapshot, ...facts }) => ({ pool, volume, snapshot, ...facts }));
    },
    createSnapshot: (name) =>
      state.change(() => {
        const volume = knownVolume(state, checked(name));
        if (volume.snapshots.some((taken) => taken.name === nameOf('snapshot', name.snapshot))) {
          throw new ClassifiedError('already_exists', `snapshot "${written(name)}" exists already`);
        }
        const { number: id, counter } = state.next();
        const taken = { name: name.snapshot, id, sizeBytes: volume.sizeBytes, protected: false, created: new Date().toUTCString() };
        return { put: [counter, { ...volume, snapshots: [...volume.snapshots, taken] }] };
      }),
    renameSnapshot: (name, newName) =>
      state.change(() => {
        const volume = knownVolume(state, checked(name));
        const has = (wanted: string) => volume.snapshots.some((taken) => taken.name === wanted);
        if (has(nameOf('snapshot', newName))) {
          if (!has(name.snapshot)) return {};
          throw new ClassifiedError('already_exists', `snapshot "${written({ ...name, snapshot: newName })}" exists already`);
        }
        const { id } = knownSnapshot(state, name);
        return withSnapshots(
          volume,
          volume.snapshots.map((taken) => (taken.id === id ? { ...taken, name: newName } : taken)),
        );
      }),
    removeSnapshot: (name) =>
      state.change(() => {
        const volume = state.volume(checked(name));
        const taken = volume?.snapshots.find((each) => each.name === nameOf('snapshot', name.snapshot));
        if (volume === undefined || taken === undefined) return {};
        if (taken.protected) throw new ClassifiedError('wrong_state', `snapshot "${written(name)}" is protected`);
        return withSnapshots(
          volume,
          volume.snapshots.filter((each) => each !== taken),
        );
      }),
    rollbackVolume: (name) =>
      state.change(() => {
        const volume = knownVolume(state, checked(name));
        const { sizeBytes } = knownSnapshot(state, name);
        refuseWatched(volume);
        return { put: [{ ...volume, sizeBytes }] };
      }),
  };
}
