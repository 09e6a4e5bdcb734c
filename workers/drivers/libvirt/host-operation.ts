// What libvirt says of the host behind a connection. Runs in the connection's thread.
import type { HostFacts } from '../hypervisor.js';
import { ErrorNumber } from './error-number.js';
import { isLibvirtError } from './libvirt-error.js';
import type { Libvirt, Pointer } from './libvirt-library.js';

/** libvirt's way to write a version: 9002003 is 9.2.3. */
function versionText(version: number): string {
  return [Math.floor(version / 1_000_000), Math.floor(version / 1000) % 1000, version % 1000].join('.');
}

/** All memory, and what of it guests could get: what is free, and what the kernel would give up for them. */
function memoryMib(libvirt: Libvirt, connection: Pointer, knownKib: number): { total: number; free: number } {
  const mib = (kib: number) => Math.floor(kib / 1024);
  try {
    const stats = libvirt.memoryStats(connection);
    const kib = (field: string) => stats.get(field) ?? 0;
    // The total from here too: where memory is plugged in later, virNodeGetInfo knows only what the machine booted with.
    return { total: mib(kib('total')), free: mib(kib('free') + kib('buffers') + kib('cached')) };
  } catch (error) {
    // Not every driver of libvirt has these statistics.
    if (!isLibvirtError(error, ErrorNumber.noSupport)) throw error;
    return { total: mib(knownKib), free: mib(libvirt.freeMemoryBytes(connection) / 1024) };
  }
}

export function host(libvirt: Libvirt, connection: Pointer): HostFacts {
  const { model, memoryKib, cpus } = libvirt.nodeInfo(connection);
  const { total, free } = memoryMib(libvirt, connection, memoryKib);
  return {
    cpuCount: cpus,
    memoryTotalMib: total,
    memoryFreeMib: Math.min(total, free),
    arch: model,
    libvirtVersion: versionText(libvirt.libraryVersion(connection)),
    qemuVersion: libvirt.driverName(connection) === 'QEMU' ? versionText(libvirt.driverVersion(connection)) : '',
  };
}
