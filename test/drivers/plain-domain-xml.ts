// XML of a small guest without any device of note, and what libvirt needs to be asked for it.
import { existsSync } from 'node:fs';
import type { Guest } from '../contract/hypervisor.js';

interface More {
  memoryMib?: number;
  /** Elements to stand under `<devices>`. */
  devices?: string;
}

/** `type`: libvirt's domain type: `test`, `qemu`, `kvm`. */
export function plainDomainXml(type: string, { name, uuid, acpi, vcpus = 1 }: Guest, { memoryMib = 64, devices = '' }: More = {}): string {
  const escaped = name.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<domain type='${type}'>
  <name>${escaped}</name>
  <uuid>${uuid}</uuid>
  <memory unit='MiB'>${memoryMib}</memory>
  <vcpu>${vcpus}</vcpu>
  <os><type arch='${type === 'test' ? 'i686' : 'x86_64'}'>hvm</type></os>
  <features>${acpi ? '<acpi/>' : ''}</features>
  <devices>${devices}</devices>
</domain>`;
}

const LIBRARY_FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/lib'];

/** Why libvirt's client library cannot be used here, or undefined when it can. */
export function missingLibvirt(): string | undefined {
  if (LIBRARY_FOLDERS.some((folder) => existsSync(`${folder}/libvirt.so.0`))) return undefined;
  return 'libvirt.so.0 is not on this machine';
}
