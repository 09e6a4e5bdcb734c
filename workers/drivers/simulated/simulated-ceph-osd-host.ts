// The devices of one simulated node, and the OSDs on them.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import { type DeviceFacts, deviceObjection, type OsdHost } from '../ceph-osd-host.js';
import type { SimulatedDevice, SimulatedOsd } from './simulated-ceph-rows.js';
import type { CephState } from './simulated-ceph-state.js';

/** What a device looks like that an OSD was made of. */
const OSD_SIGNATURE = 'ceph_bluestore';
const NO_BLOCK_DEVICES = new Set(['/dev/null', '/dev/zero', '/dev/tty']);

export function simulatedOsdHost(state: CephState, node: string): OsdHost {
  const onNode = (id: number): SimulatedOsd | undefined => {
    const osd = state.osd(id);
    return osd?.node === node ? osd : undefined;
  };

  function known(path: string): SimulatedDevice {
    if (!path.startsWith('/dev/') || NO_BLOCK_DEVICES.has(path)) throw new ClassifiedError('wrong_input', `${path} is not a block device`);
    const device = state.device(node, path);
    if (device === undefined) throw new ClassifiedError('unknown_entity', `there is no device ${path} on this node`);
    return device;
  }

  function inspect(path: string): DeviceFacts {
    const { sizeBytes, mountPoints, children, signatures, osd: label } = known(path);
    const running = label !== null && state.osd(label.id)?.fsid === label.fsid && state.osd(label.id)?.running === true;
    return {
      path,
      sizeBytes,
      readOnly: false,
      rotational: false,
      mountPoints,
      children,
      signatures,
      inUse: running || mountPoints.length > 0,
      ...(label === null ? {} : { osd: label }),
    };
  }

  function refuseUnlessEmpty(path: string): void {
    const objection = deviceObjection(inspect(path));
    if (objection !== undefined) throw new ClassifiedError('wrong_state', objection);
  }

  /** As Ceph does: the lowest that is free. */
  function freeId(): number {
    const taken = new Set(state.osds().map(({ id }) => id));
    let id = 0;
    while (taken.has(id)) id += 1;
    return id;
  }

  const run = (id: number, running: boolean) =>
    state.change(() => {
      const osd = onNode(id);
      return osd === undefined ? {} : { put: [{ ...osd, running }] };
    });

  return {
    inspectDevice: async (device) => inspect(device),
    async prepareOsd({ device, fsid, deviceClass = 'ssd' }) {
      await state.change(() => {
        const { osd: label } = inspect(device);
        if (label?.fsid === fsid && label.id !== undefined && state.osd(label.id)?.fsid === fsid) return {};
        refuseUnlessEmpty(device);
        const disk = known(device);
        const osd = { fsid, id: freeId() };
        const { sizeBytes } = disk;
        return {
          put: [
            { ...disk, osd, signatures: [OSD_SIGNATURE] },
            { kind: 'osd', ...osd, node, device, deviceClass, sizeBytes, running: false, in: true, leaving: null },
          ],
        };
      });
      const made = known(device).osd;
      if (made === null) throw new ClassifiedError('environment_error', `${device} was emptied meanwhile`);
      return { id: made.id, fsid };
    },
    async localOsds() {
      return state
        .osds()
        .filter((osd) => osd.node === node)
        .map(({ id, fsid, device, running }) => ({ id, fsid, devices: [device], running }));
    },
    async startOsd(id) {
      if (onNode(id) === undefined) throw new ClassifiedError('unknown_entity', `this node has no OSD ${id}`);
      await run(id, true);
    },
    stopOsd: (id) => run(id, false),
    isOsdRunning: async (id) => onNode(id)?.running ?? false,
    zapDevice: (device, fsid) =>
      state.change(() => {
        if (state.device(node, device) === undefined) return {};
        const disk = known(device);
        if (disk.osd?.fsid !== fsid) {
          refuseUnlessEmpty(device);
          return {};
        }
        if (inspect(device).inUse) throw new ClassifiedError('wrong_state', `OSD ${disk.osd.id} runs`);
        return { put: [{ ...disk, osd: null, signatures: [] }] };
      }),
  };
}
