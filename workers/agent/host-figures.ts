// What a node's operating system says of it. An agent runs on its node, so these are the node's own.
import { arch, loadavg, machine, release, type } from 'node:os';

export interface HostFigures {
  /** Load average over one minute. */
  load: number;
  kernel: string;
  os: string;
  arch: string;
}

/** The kernel's own name of the system is `Linux`; `uname -o`, which PVC shows, says `GNU/Linux`. */
const operatingSystem = () => (type() === 'Linux' ? 'GNU/Linux' : type());

export function hostFigures(): HostFigures {
  return { load: loadavg()[0] ?? 0, kernel: release(), os: operatingSystem(), arch: machine() || arch() };
}
