// The two kernel calls that Node.js does not offer and that a hanging libvirt call needs. Loaded in threads only, with koffi.
import koffi from 'koffi';

const SHUT_RDWR = 2;

// The process' own symbols: its C library is loaded whatever its file is called.
const processSymbols = koffi.load(null);
const gettid = processSymbols.func('gettid', 'int', []) as () => number;
const shutdown = processSymbols.func('shutdown', 'int', ['int', 'int']) as (fd: number, how: number) => number;

/** The number of the calling thread in the kernel, as under /proc/self/task. */
export function kernelThreadId(): number {
  return gettid();
}

/** Ends both directions of a socket: whoever waits for it, on any thread, wakes up. Its number stays taken until its owner closes it. */
export function shutSocket(fd: number): void {
  shutdown(fd, SHUT_RDWR);
}
