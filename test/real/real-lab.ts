// The lab for a test file: brought up by the first one that asks, shared by all of the run.
import { existsSync, readFileSync } from 'node:fs';
import { inject } from 'vitest';
import { buildRapid } from '../lab/build.js';
import { joinLab, type Lab } from '../lab/lab.js';

const PROGRAMS = ['/usr/sbin/libvirtd', '/usr/bin/qemu-system-x86_64', '/usr/bin/redis-server', '/usr/share/java/zookeeper.jar'];
/** Bits of a process' capabilities in Linux. */
const NEEDED = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n };

/** Why there can be no lab here, or undefined when there can. */
export function missingLab(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux, for namespaces and mounts';
  const capabilities = BigInt(`0x${/^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
  for (const [name, bit] of Object.entries(NEEDED)) {
    if (((capabilities >> bit) & 1n) === 0n) return `needs ${name}, for the nodes of the lab`;
  }
  const missing = PROGRAMS.find((file) => !existsSync(file));
  // With apt-get the lab installs what it needs.
  return missing === undefined || existsSync('/usr/bin/apt-get')
    ? undefined
    : `${missing} is not on this machine, and no apt-get to install it`;
}

/** The lab, up, and rapid compiled. */
export function realLab(): Promise<Lab> {
  return joinLab(inject('labTenant'), buildRapid);
}
