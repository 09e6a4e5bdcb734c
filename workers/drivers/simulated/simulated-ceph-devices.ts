// What every node of the simulated Ceph has from the beginning: some disks, and an OSD on the first.
import { randomUUID } from 'node:crypto';
import type { SimulatedDevice } from './simulated-ceph-rows.js';
import type { CephChange, CephState } from './simulated-ceph-state.js';

const [FIRST, ...REST] = ['/dev/sdb', '/dev/sdc', '/dev/sdd', '/dev/sde', '/dev/sdf'] as const;
const DISK_BYTES = 1024 ** 4;

/** For the nodes that have no disks yet. */
export function firstDevices(state: CephState, nodes: readonly string[]): CephChange {
  const equipped = new Set(state.devices().map(({ node }) => node));
  const firstId = 1 + Math.max(-1, ...state.osds().map(({ id }) => id));
  const put = nodes
    .filter((node) => !equipped.has(node))
    .flatMap((node, index) => {
      const osd = { id: firstId + index, fsid: randomUUID() };
      const empty = (path: string): SimulatedDevice => ({
        kind: 'device',
        node,
        path,
        sizeBytes: DISK_BYTES,
        mountPoints: [],
        children: [],
        signatures: [],
        osd: null,
      });
      return [
        ...REST.map(empty),
        { ...empty(FIRST), osd, signatures: ['ceph_bluestore'] },
        {
          kind: 'osd' as const,
          ...osd,
          node,
          device: FIRST,
          deviceClass: 'ssd',
          sizeBytes: DISK_BYTES,
          running: true,
          in: true,
          leaving: null,
        },
      ];
    });
  return { put };
}
