// A cephx key as libvirt keeps it for guests. It is kept over restarts of libvirt, and never given out again.
import type { CephSecret } from '../hypervisor.js';
import type { Libvirt, Pointer } from './libvirt-library.js';

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export function defineCephSecret(libvirt: Libvirt, connection: Pointer, { uuid, name, key }: CephSecret): void {
  const usage = `<usage type='ceph'><name>${escaped(name)}</name></usage>`;
  const xml = `<secret ephemeral='no' private='yes'><uuid>${escaped(uuid)}</uuid>${usage}</secret>`;
  // libvirt wants what the text stands for.
  libvirt.keepSecret(connection, xml, Buffer.from(key, 'base64'));
}
