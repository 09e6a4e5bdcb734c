// Finds the sockets that a thread of this process waits for inside a system call, from what Linux says of the thread under
// /proc. libvirt has no way to give up a call, and a thread inside one can be neither stopped nor joined: Node.js could not even exit.
import { closeSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';

const POLLFD_BYTES = 8;
const MAX_POLLED = 64;

// System call numbers, by process.arch: those that wait for a list of descriptors, and those that wait for one.
const POLLS: Readonly<Record<string, readonly number[]>> = { x64: [7, 271], arm64: [73] };
const WAITS: Readonly<Record<string, readonly number[]>> = { x64: [0, 42, 45, 47], arm64: [63, 203, 207, 212] };

function readOwnMemory(address: number, bytes: number): Buffer {
  const memory = openSync('/proc/self/mem', 'r');
  try {
    const into = Buffer.alloc(bytes);
    readSync(memory, into, 0, bytes, address);
    return into;
  } finally {
    closeSync(memory);
  }
}

function polledDescriptors(address: number, count: number): number[] {
  const length = Math.min(count, MAX_POLLED);
  const list = readOwnMemory(address, length * POLLFD_BYTES);
  return Array.from({ length }, (_, index) => list.readInt32LE(index * POLLFD_BYTES));
}

function isSocket(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
  } catch {
    return false;
  }
}

/** The sockets that this thread waits for just now; none when it runs, waits for something else, or Linux does not say. */
export function socketsWaitedFor(kernelThreadId: number): number[] {
  try {
    // "7 0x7f… 0x2 …": the call's number and its arguments; "running" when it is in no call.
    const [call = Number.NaN, first = 0, second = 0] = readFileSync(`/proc/self/task/${kernelThreadId}/syscall`, 'utf8')
      .trim()
      .split(' ')
      .map(Number);
    if (POLLS[process.arch]?.includes(call)) return polledDescriptors(first, second).filter(isSocket);
    if (WAITS[process.arch]?.includes(call)) return [first].filter(isSocket);
    return [];
  } catch {
    return [];
  }
}
