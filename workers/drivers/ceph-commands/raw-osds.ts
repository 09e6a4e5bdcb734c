// OSDs directly on their devices, for machines without LVM. It does what `ceph-volume raw prepare` does, which however draws the OSD's UUID
// itself: an OSD whose answer was lost could not be known again, nor what a killed attempt left in the cluster.
import { chmod, mkdir, readdir, readFile, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyBlockDevice } from './block-device.js';
import type { CephClient } from './ceph-client.js';
import { asRecord, numberIn } from './ceph-json.js';
import type { HostCommands } from './host-commands.js';
import type { OsdBackend } from './osd-backend.js';
import { readOsdLabel } from './osd-label.js';

interface RawOsds {
  conf: string;
  folderOf(id: number): string;
  /** The folder of all their folders. */
  dataDir: string;
  /** Who the daemons run as; undefined: as this process. */
  owner: string | undefined;
}

export function rawOsds(commands: HostCommands, client: CephClient, { conf, folderOf, dataDir, owner }: RawOsds): OsdBackend {
  async function own(...paths: string[]): Promise<void> {
    if (owner !== undefined)
      await commands.changing.text('chown', ['--recursive', '--dereference', `${owner}:${owner}`, ...paths], 'give an OSD its files');
  }

  async function register(fsid: string, secret: string, deviceClass: string | undefined): Promise<number> {
    const input = JSON.stringify({ cephx_secret: secret, ...(deviceClass === undefined ? {} : { crush_device_class: deviceClass }) });
    const answer = await client.changing.ceph(['osd', 'new', fsid, '-i', '-'], { what: 'register a new OSD', input });
    // The ID alone, or in an object.
    return typeof answer === 'number' ? answer : numberIn(asRecord(answer), 'osdid');
  }

  async function inFolder(name: string) {
    const folder = join(dataDir, name);
    const id = Number(/-(\d+)$/.exec(name)?.[1]);
    const fsid = await readFile(join(folder, 'fsid'), 'utf8').catch(() => undefined);
    const device = await readlink(join(folder, 'block')).catch(() => undefined);
    if (!Number.isInteger(id) || fsid === undefined || device === undefined) return [];
    return [{ id, fsid: fsid.trim(), devices: [await realpath(device).catch(() => device)] }];
  }

  const list = async () => (await Promise.all((await readdir(dataDir).catch(() => [])).map(inFolder))).flat();

  return {
    on: (path) => readOsdLabel(commands, path),
    list,
    async prepare({ device, fsid, deviceClass }) {
      const secret = (await commands.text('ceph-authtool', ['--gen-print-key'], 'make a key')).trim();
      const id = await register(fsid, secret, deviceClass);
      const folder = folderOf(id);
      // Of an OSD that had the ID before.
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      await symlink(device, join(folder, 'block'));
      const keyring = join(folder, 'keyring');
      await writeFile(keyring, `[osd.${id}]\n\tkey = ${secret}\n`);
      await chmod(keyring, 0o600);
      const words = ['--mkfs', '--conf', conf, '--id', String(id), '--osd-data', folder, '--osd-uuid', fsid];
      await commands.changing.text('ceph-osd', [...words, '--osd-objectstore', 'bluestore'], `make an OSD on ${device}`);
    },
    async activate({ id }) {
      await own(folderOf(id), await realpath(join(folderOf(id), 'block')));
    },
    zap: (path) => emptyBlockDevice(commands, path),
    units: () => [],
  };
}
