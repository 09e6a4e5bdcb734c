// How the OSDs of a node lie on its devices: through LVM, or directly on them.
import type { HostedOsd, NewOsd } from '../ceph-osd-host.js';
import type { OsdLabel } from './osd-label.js';

export interface OsdOnDevices extends HostedOsd {
  devices: string[];
}

export interface OsdBackend {
  /** The OSD on the device, also a half made one. */
  on(path: string): Promise<OsdLabel | undefined>;
  /** All of this node. */
  list(): Promise<OsdOnDevices[]>;
  /** Makes an OSD on an empty device. */
  prepare(osd: NewOsd): Promise<void>;
  /** Makes the OSD's folder as its daemon needs it. */
  activate(osd: HostedOsd): Promise<void>;
  /** Destroys the data of the OSD, whole or half made, on the device. */
  zap(path: string): Promise<void>;
  /** systemd's units for it, besides that of its daemon. */
  units(osd: HostedOsd): string[];
}
