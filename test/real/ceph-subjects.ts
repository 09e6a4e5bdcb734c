// The lab's Ceph as a subject of the contracts, with clients and devices of a test's own.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { execa } from 'execa';
import { inject } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import { commandCeph } from '../../workers/drivers/ceph-commands/command-ceph.js';
import { commandOsdHost } from '../../workers/drivers/ceph-commands/command-osd-host.js';
import type { CephSettings } from '../../workers/drivers/ceph-commands/ceph-client.js';
import { cephSettings, osdHostSettings } from '../../workers/drivers/ceph-commands/ceph-settings.js';
import type { OsdHostSettings } from '../../workers/drivers/ceph-commands/osd-host-parts.js';
import type { CephSubject } from '../contract/ceph.js';
import type { OsdHostSubject } from '../contract/ceph-osd-host.js';
import type { CephHandle } from '../lab/ceph.js';
import { ensureCeph } from '../lab/lab.js';
import { type LoopDevice, makeLoopDevice } from '../lab/loop-device.js';
import { realLab } from './real-lab.js';

const OSD_BYTES = 2 * 1024 ** 3;

/** The lab's Ceph, up. */
export const realCeph = async (): Promise<CephHandle> => ensureCeph(await realLab(), inject('labTenant'));

/** rapid's settings for it, as a process of rapid would read them. */
const configFor = ({ conf, keyring }: CephHandle, dataDir: string) =>
  loadConfig({
    RAPID_CEPH_CONF: conf,
    RAPID_CEPH_KEYRING: keyring,
    RAPID_CEPH_OSD_BACKEND: 'raw',
    RAPID_CEPH_OSD_DAEMONS: 'direct',
    RAPID_CEPH_OSD_DATA: dataDir,
  }).ceph;

export const settingsOf = (handle: CephHandle): CephSettings => cephSettings(configFor(handle, handle.hostsDir));

export async function labCeph(handle: CephHandle): Promise<CephSubject> {
  return {
    open: commandCeph(settingsOf(handle)),
    async watch({ pool, volume }) {
      const client = execa('rbd', ['--conf', handle.conf, '--keyring', handle.keyring, 'watch', `--pool=${pool}`, `--image=${volume}`], {
        reject: false,
      });
      // It says so once it watches.
      await new Promise((begun) => {
        client.stdout.once('data', begun);
      });
      return async () => {
        client.kill('SIGINT');
        await client;
      };
    },
    protect: async ({ pool, volume, snapshot }) => void (await handle.rbd('snap', 'protect', `${pool}/${volume}@${snapshot}`)),
    unprotect: async ({ pool, volume, snapshot }) => void (await handle.rbd('snap', 'unprotect', `${pool}/${volume}@${snapshot}`)),
    close: async () => undefined,
  };
}

export interface LabOsdHost extends OsdHostSubject {
  settings: OsdHostSettings;
}

export async function labOsdHost(handle: CephHandle): Promise<LabOsdHost> {
  const name = `contract-${randomUUID().slice(0, 8)}`;
  const devices: LoopDevice[] = [];
  async function emptyDevice(): Promise<string> {
    const device = await makeLoopDevice(handle.deviceDir, `${name}-${devices.length}.img`, OSD_BYTES);
    devices.push(device);
    return device.path;
  }
  const settings = osdHostSettings(configFor(handle, join(handle.hostsDir, name)));
  const host = commandOsdHost(settings);
  return {
    settings,
    host,
    ceph: commandCeph(settingsOf(handle))(),
    emptyDevice,
    async usedDevice() {
      const path = await emptyDevice();
      await execa('mkswap', [path]);
      return path;
    },
    async close() {
      for (const { id } of await host.localOsds()) await host.stopOsd(id);
      await Promise.all(devices.map((device) => device.free()));
    },
  };
}
