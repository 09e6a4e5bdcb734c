// A Ceph without any Ceph: what the embedded default has, and what the tests of everything above the drivers run against. Kept in a folder,
// it outlives the process as a real one does.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { CallContext } from '../call-context.js';
import { CEPH_CHANGES, type Ceph, type CephMethod, type OpenCeph, type SnapshotName, type VolumeName } from '../ceph.js';
import { OSD_HOST_CHANGES, type OsdHost, type OsdHostMethod, type OsdHosts } from '../ceph-osd-host.js';
import { type PlannedFailures, planFailures } from './planned-failures.js';
import { simulatedOsdHost } from './simulated-ceph-osd-host.js';
import { simulatedCluster } from './simulated-ceph-osds.js';
import { firstDevices } from './simulated-ceph-devices.js';
import type { CephRow, SimulatedDevice, SimulatedOsd } from './simulated-ceph-rows.js';
import { knownOsd, knownSnapshot, knownVolume, openCephState, permitted } from './simulated-ceph-state.js';
import { forgetfulCephStore, openCephStore } from './simulated-ceph-store.js';
import { simulatedVolumes } from './simulated-ceph-volumes.js';

export interface SimulatedCephOptions {
  /** The names of the nodes; each new one gets four empty devices and an OSD that runs. */
  nodes: readonly string[];
  /** The folder that keeps it, its own; without one it ends with the process. */
  directory?: string;
  /** How long an OSD that was set out takes to give its data away. */
  drainMs?: number;
  /** How long a copy takes. */
  copyMs?: number;
  isUnreachable?: (node: string) => boolean;
}

export interface SimulatedCeph {
  open: OpenCeph;
  hosts: OsdHosts;
  /** A client opens the volume; it closes it when it is called. */
  watch(name: VolumeName): Promise<() => Promise<void>>;
  setProtected(name: SnapshotName, is: boolean): Promise<void>;
  /** Another device, or another state of one. */
  putDevice(device: Pick<SimulatedDevice, 'node' | 'path' | 'sizeBytes'> & Partial<SimulatedDevice>): Promise<void>;
  /** The daemon of an OSD ends by itself. */
  crashOsd(id: number): Promise<void>;
  failNext: PlannedFailures<CephMethod | OsdHostMethod>['failNext'];
  /** All there is: two are alike when these are equal. */
  snapshot(): CephRow[];
  close(): Promise<void>;
}

const DEFAULT_DRAIN_MS = 1000;

/** environment_error: the folder cannot be opened, or another process has it open. */
export async function openSimulatedCeph(options: SimulatedCephOptions): Promise<SimulatedCeph> {
  const { nodes, directory, drainMs = DEFAULT_DRAIN_MS, copyMs = 0, isUnreachable = () => false } = options;
  const state = await openCephState(directory === undefined ? forgetfulCephStore : await openCephStore(directory));
  const failures = planFailures<CephMethod | OsdHostMethod>();
  await state.change(() => firstDevices(state, nodes));

  /** The same methods, each of which fails as ordered and does not begin once the signal has aborted. */
  function guarded<P extends object>(port: P, methods: readonly (keyof P & (CephMethod | OsdHostMethod))[], refuse: () => void): P {
    const calls = methods.map((method) => {
      const work = port[method] as (...args: unknown[]) => Promise<unknown>;
      const call = (...args: unknown[]) =>
        failures.around(method, async () => {
          refuse();
          return work(...args);
        });
      return [method, call];
    });
    // Every method is there, under its own name, and takes and gives what it did.
    return Object.fromEntries(calls) as P;
  }

  function open(context: CallContext = {}): Ceph {
    const own = permitted(state, context.permit);
    const ceph: Ceph = { ...simulatedCluster(own, drainMs), ...simulatedVolumes(own, copyMs, context) };
    return guarded(ceph, Object.keys(CEPH_CHANGES) as CephMethod[], () => context.signal?.throwIfAborted());
  }

  function refuseUnreachable(node: string): void {
    if (isUnreachable(node)) throw new ClassifiedError('environment_error', `node "${node}" does not answer`);
  }

  const editOsd = (id: number, edit: (osd: SimulatedOsd) => SimulatedOsd) => state.change(() => ({ put: [edit(knownOsd(state, id))] }));

  return {
    open,
    hosts: {
      async on(node, { signal, permit } = {}) {
        if (!nodes.includes(node)) throw new ClassifiedError('unknown_entity', `node "${node}" does not exist`);
        refuseUnreachable(node);
        const host: OsdHost = simulatedOsdHost(permitted(state, permit), node);
        return guarded(host, Object.keys(OSD_HOST_CHANGES) as OsdHostMethod[], () => {
          signal?.throwIfAborted();
          refuseUnreachable(node);
        });
      },
    },
    async watch(name) {
      const { number: client, counter } = state.next();
      await state.change(() => {
        const volume = knownVolume(state, name);
        return { put: [counter, { ...volume, watchers: [...volume.watchers, client] }] };
      });
      return () =>
        state.change(() => {
          const volume = state.volume(name);
          return volume === undefined ? {} : { put: [{ ...volume, watchers: volume.watchers.filter((each) => each !== client) }] };
        });
    },
    setProtected: (name, is) =>
      state.change(() => {
        const { id } = knownSnapshot(state, name);
        const volume = knownVolume(state, name);
        return {
          put: [{ ...volume, snapshots: volume.snapshots.map((taken) => (taken.id === id ? { ...taken, protected: is } : taken)) }],
        };
      }),
    putDevice: (device) =>
      state.change(() => ({ put: [{ kind: 'device', mountPoints: [], children: [], signatures: [], osd: null, ...device }] })),
    crashOsd: (id) => editOsd(id, (osd) => ({ ...osd, running: false })),
    failNext: failures.failNext,
    snapshot: state.snapshot,
    close: state.close,
  };
}
