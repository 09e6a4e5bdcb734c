// The port to the OSDs of one node: what only the machine that has the devices can do. ceph-volume and the daemons stand behind it, or the
// simulated Ceph; both pass test/contract/ceph-osd-host.ts. Errors are ClassifiedError; any method may fail with environment_error.
//
// Adding: inspectDevice (check) → prepareOsd with a UUID that the check has drawn (undo: Ceph.purgeOsd of the OSD with that UUID, then
// zapDevice) → startOsd. Removing: Ceph.osdOut, Ceph.osdDrain until safe → stopOsd → Ceph.purgeOsd → zapDevice.
import type { CallContext } from './call-context.js';
import type { Fence } from './hypervisor.js';

/** A block device, and all that speaks against making an OSD of it. */
export interface DeviceFacts {
  /** As the kernel calls it: `/dev/sdb`, whatever link was asked for. */
  path: string;
  sizeBytes: number;
  readOnly: boolean;
  rotational: boolean;
  /** Where it, or a part of it, is mounted; `[SWAP]` for swap space. */
  mountPoints: string[];
  /** Its partitions, and other devices that are made of it. */
  children: string[];
  /** What is on it: a file system, a partition table, `LVM2_member`…; empty: nothing. */
  signatures: string[];
  /** Something has it open for itself: a mount that cannot be seen from here, an OSD that runs, LVM. */
  inUse: boolean;
  /** The OSD that it belongs to; without an ID: one that is half made. */
  osd?: { fsid: string; id?: number };
}

/** Why no OSD may be made of the device; undefined: it may. */
export function deviceObjection({ path, readOnly, mountPoints, children, signatures, osd, inUse }: DeviceFacts): string | undefined {
  if (osd !== undefined) return `${path} is OSD ${osd.id ?? osd.fsid} already`;
  if (mountPoints.length > 0) return `${path} is mounted on ${mountPoints.join(', ')}`;
  if (children.length > 0) return `${path} holds ${children.join(', ')}`;
  if (signatures.length > 0) return `${path} is not empty: ${signatures.join(', ')}`;
  if (readOnly) return `${path} is read-only`;
  return inUse ? `${path} is in use` : undefined;
}

export interface HostedOsd {
  id: number;
  fsid: string;
}

/** An OSD that this node has the data of. */
export interface LocalOsd extends HostedOsd {
  devices: string[];
  /** Whether its daemon runs. */
  running: boolean;
}

export interface NewOsd {
  device: string;
  /** A UUID that nobody has: by it the OSD is known again when the answer was lost. */
  fsid: string;
  /** `hdd`, `ssd`, `nvme` or one's own; Ceph finds it out when it is left out. */
  deviceClass?: string;
}

export interface OsdHost {
  /** unknown_entity: no such device on this node; wrong_input: it is no block device. */
  inspectDevice(device: string): Promise<DeviceFacts>;
  /**
   * Makes an OSD of an empty device; its daemon does not run yet. Answers what Ceph assigned; asked again with the same UUID, the same.
   * wrong_state: the device is mounted, is not empty, is read-only, or is another OSD. unknown_entity, wrong_input: as inspectDevice.
   * A failure leaves neither data on the device nor an OSD in the cluster; so does the next attempt with a process that was killed.
   */
  prepareOsd(osd: NewOsd): Promise<HostedOsd>;
  /** The OSDs whose data this node has, in order of IDs. */
  localOsds(): Promise<LocalOsd[]>;
  /** Starts the daemon of an OSD of this node, and has it started at every boot; fine when it runs. Resolves when it is up in the cluster. unknown_entity: this node has no such OSD. */
  startOsd(id: number): Promise<void>;
  /** Stops the daemon, and lets it stay so; resolves when it is gone. Fine when it does not run or is not known. */
  stopOsd(id: number): Promise<void>;
  /** Whether the daemon of that OSD runs on this node. */
  isOsdRunning(id: number): Promise<boolean>;
  /**
   * Destroys the data of the OSD with that UUID on the device, and the node's folder for it. Fine when the device is empty or not there any more.
   * wrong_state: the OSD's daemon runs, or the device holds something else (another OSD, a file system).
   */
  zapDevice(device: string, fsid: string): Promise<void>;
}

export type OsdHostMethod = keyof OsdHost;

/** Which of them change something, and so need a fence; the others only look. */
export const OSD_HOST_CHANGES: Readonly<Record<OsdHostMethod, boolean>> = {
  inspectDevice: false,
  prepareOsd: true,
  localOsds: false,
  startOsd: true,
  stopOsd: true,
  isOsdRunning: false,
  zapDevice: true,
};

export interface OsdHosts {
  /** The node's OSDs for one piece of work; without a fence only for looking. unknown_entity: no such node; environment_error: it does not answer. */
  on(node: string, work?: CallContext & Partial<Fence>): Promise<OsdHost>;
}
