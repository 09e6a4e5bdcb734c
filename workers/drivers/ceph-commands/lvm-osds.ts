// OSDs on logical volumes, as ceph-volume makes them: the way that Ceph recommends.
import { asRecord, asRecords, type CephRecord, recordIn, textIn, textsIn } from './ceph-json.js';
import type { HostCommands } from './host-commands.js';
import type { OsdBackend, OsdOnDevices } from './osd-backend.js';
import { readOsdLabel } from './osd-label.js';

interface LvmOsd extends OsdOnDevices {
  /** The logical volume. */
  path: string;
}

/** From `ceph-volume lvm list --format json`: by ID the logical volumes of each OSD. */
export function readLvmOsds(list: unknown): LvmOsd[] {
  return Object.entries(asRecord(list)).flatMap(([id, volumes]) =>
    asRecords(volumes)
      .filter((volume) => textIn(volume, 'type') === 'block')
      .map((volume: CephRecord) => ({
        id: Number(id),
        fsid: textIn(recordIn(volume, 'tags'), 'ceph.osd_fsid'),
        devices: textsIn(volume, 'devices'),
        path: textIn(volume, 'lv_path'),
      })),
  );
}

interface LvmOsds {
  /** Whether systemd starts what ceph-volume makes. */
  systemd: boolean;
}

export function lvmOsds(commands: HostCommands, { systemd }: LvmOsds): OsdBackend {
  const cephVolume = (words: readonly string[], what: string) => commands.changing.text('ceph-volume', ['lvm', ...words], what);
  const listed = async () =>
    readLvmOsds(await commands.json('ceph-volume', ['lvm', 'list', '--format', 'json'], 'list the OSDs of this node'));

  return {
    async on(path) {
      const osd = (await listed()).find(({ devices }) => devices.includes(path));
      if (osd === undefined) return readOsdLabel(commands, path);
      return (await readOsdLabel(commands, osd.path)) ?? { fsid: osd.fsid };
    },
    list: async () => (await listed()).map(({ id, fsid, devices }) => ({ id, fsid, devices })),
    async prepare({ device, fsid, deviceClass }) {
      const ofClass = deviceClass === undefined ? [] : ['--crush-device-class', deviceClass];
      await cephVolume(['prepare', '--bluestore', '--data', device, '--osd-fsid', fsid, ...ofClass], `make an OSD on ${device}`);
    },
    async activate({ id, fsid }) {
      await cephVolume(['activate', '--bluestore', ...(systemd ? [] : ['--no-systemd']), String(id), fsid], `activate OSD ${id}`);
    },
    async zap(path) {
      await cephVolume(['zap', '--destroy', path], `empty ${path}`);
    },
    units: ({ id, fsid }) => [`ceph-volume@lvm-${id}-${fsid}`],
  };
}
