/** Where the lab's Ceph lives: plain data, from which any process makes its handle. */
import { join } from 'node:path';
import { freePort } from './tcp.js';
import { uuidOf } from './plan.js';

export const LAB_OSDS = [0, 1, 2] as const;

export interface CephDescription {
  readonly dir: string;
  readonly fsid: string;
  /** `v2` and `v1` addresses of the monitor, good from this machine and from every node. */
  readonly monHost: string;
  /** Address and port as QEMU and libvirt take them. */
  readonly monAddress: { readonly host: string; readonly port: number };
  readonly subnet: string;
  readonly conf: string;
  /** Of client.admin. */
  readonly keyring: string;
  readonly monDir: string;
  readonly mgrDir: string;
  readonly osdDirs: readonly string[];
  readonly runDir: string;
  readonly logDir: string;
  /** Files behind loop devices. */
  readonly deviceDir: string;
  /** Where rapid keeps the folders of OSDs that it adds; a node has a folder of its own in it. */
  readonly hostsDir: string;
  /** Whether it goes on when the process that started it ends. */
  readonly outlive: boolean;
}

/** rapid's settings for it; those of a node, when one is named. The machine has no device mapper and no systemd. */
export function cephSettings({ conf, keyring, hostsDir }: CephDescription, node = 'this-machine') {
  return { ceph: { conf, keyring, osd_backend: 'raw', osd_daemons: 'direct', osd_data: join(hostsDir, node) } };
}

export async function describeCeph(dir: string, address: string, outlive: boolean): Promise<CephDescription> {
  const [msgr2, msgr1] = [await freePort([address]), await freePort([address])];
  return {
    dir,
    fsid: uuidOf(dir),
    monHost: `[v2:${address}:${msgr2},v1:${address}:${msgr1}]`,
    monAddress: { host: address, port: msgr1 },
    subnet: `${address}/24`,
    conf: join(dir, 'ceph.conf'),
    keyring: join(dir, 'admin.keyring'),
    monDir: join(dir, 'mon'),
    mgrDir: join(dir, 'mgr'),
    osdDirs: LAB_OSDS.map((id) => join(dir, `osd${id}`)),
    runDir: join(dir, 'run'),
    logDir: join(dir, 'log'),
    deviceDir: join(dir, 'devices'),
    hostsDir: join(dir, 'hosts'),
    outlive,
  };
}
