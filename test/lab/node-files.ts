/** The files a hypervisor node has for its own: libvirt's configuration, its hosts file, and its empty folders. */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeDescription } from './plan.js';

/** What is mounted where in the node: folder under the node's own one → path in the node. */
export const NODE_MOUNTS = {
  etc: '/etc/libvirt',
  run: '/run/libvirt',
  lib: '/var/lib/libvirt',
  cache: '/var/cache/libvirt',
  log: '/var/log/libvirt',
} as const;

export async function writeNodeFiles({ dir, hostUuid, hosts }: NodeDescription): Promise<void> {
  // /run is empty after a boot; what is left of an earlier life of the node would lead libvirtd astray.
  await rm(join(dir, 'run'), { recursive: true, force: true });
  await Promise.all(Object.keys(NODE_MOUNTS).map((folder) => mkdir(join(dir, folder), { recursive: true })));
  await Promise.all([
    // Filters such as clean-traffic, but not the default network, come from the package.
    cp('/etc/libvirt/nwfilter', join(dir, 'etc', 'nwfilter'), { recursive: true, force: false }).catch(() => undefined),
    writeFile(join(dir, 'hosts'), hostsFile(hosts)),
    writeFile(join(dir, 'etc', 'libvirtd.conf'), libvirtdConf(hostUuid)),
    writeFile(join(dir, 'etc', 'qemu.conf'), QEMU_CONF),
    writeFile(join(dir, 'etc', 'virtlogd.conf'), VIRTLOGD_CONF),
  ]);
}

function hostsFile(hosts: Readonly<Record<string, string>>): string {
  const nodes = Object.entries(hosts).map(([name, address]) => `${address} ${name}\n`);
  return `127.0.0.1 localhost\n${nodes.join('')}`;
}

function libvirtdConf(hostUuid: string): string {
  return [
    'listen_tls = 0',
    'listen_tcp = 1',
    'auth_tcp = "none"',
    // All addresses of the node's own network namespace, nobody else's.
    'listen_addr = "0.0.0.0"',
    'auth_unix_rw = "none"',
    'auth_unix_ro = "none"',
    `host_uuid = "${hostUuid}"`,
    'max_clients = 500',
    'max_anonymous_clients = 500',
    'log_outputs = "3:file:/var/log/libvirt/libvirtd.log"',
    '',
  ].join('\n');
}

const QEMU_CONF = [
  'user = "root"',
  'group = "root"',
  'security_driver = "none"',
  // No cgroups and no namespaces per guest: the machine's own ones are not the lab's to use.
  'cgroup_controllers = [ ]',
  'namespaces = [ ]',
  'remember_owner = 0',
  '',
].join('\n');

/** One console file from boot to end: nothing in the lab runs long enough to need rotation. */
const VIRTLOGD_CONF = ['max_size = 104857600', 'max_backups = 1', ''].join('\n');
