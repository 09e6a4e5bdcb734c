// What libvirt says of the host behind a connection. Runs in the connection's thread.
import type { HostFacts } from '../hypervisor.js';
import { ErrorNumber } from './error-number.js';
import { isLibvirtError } from './libvirt-error.js';
import type { Libvirt, Pointer } from './libvirt-library.js';

/** libvirt's way to write a version: 9002003 is 9.2.3. */
function versionText(version: number): string {
  return [Math.floor(version / 1_000_000), Math.floor(version / 1000) % 1000, version % 1000].join('.');
}

/** Memory that guests could get: what is free, and what the kernel would give up for them. */
function freeMib(libvirt: Libvirt, connection: Pointer): number {
  try {
    const stats = libvirt.memoryStats(connection);
    const kib = ['free', 'buffers', 'cached'].reduce((sum, field) => sum + (stats.get(field) ?? 0), 0);
    return Math.floor(kib / 1024);
  } catch (error) {
    // Not every driver of libvirt has these statistics.
    if (!isLibvirtError(error, ErrorNumber.noSupport)) throw error;
    return Math.floor(libvirt.freeMemoryBytes(connection) / 1024 ** 2);
  }
}

export function host(libvirt: Libvirt, connection: Pointer): HostFacts {
  const { model, memoryKib, cpus } = libvirt.nodeInfo(connection);
  const memoryTotalMib = Math.floor(memoryKib / 1024);
  return {
    cpuCount: cpus,
    memoryTotalMib,
    memoryFreeMib: Math.min(memoryTotalMib, freeMib(libvirt, connection)),
    arch: model,
    libvirtVersion: versionText(libvirt.libraryVersion(connection)),
    qemuVersion: libvirt.driverName(connection) === 'QEMU' ? versionText(libvirt.driverVersion(connection)) : '',
  };
}
