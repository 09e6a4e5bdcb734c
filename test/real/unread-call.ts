// Whether a node's libvirtd has a call from some process that it has not read yet: for stopping both in the middle of one.
import { execa } from 'execa';
import type { HypervisorNode } from '../lab/node.js';

const SOCKETS = ['ss', '--no-header', '--tcp', '--numeric'] as const;

const linesOf = async ([program, ...parameters]: readonly [string, ...string[]]): Promise<string[]> =>
  (await execa(program, parameters)).stdout.split('\n');

/** Looks at both ends of the TCP connections between them. */
export async function hasUnreadCall(node: HypervisorNode, pid: number): Promise<boolean> {
  const [ours, theirs] = await Promise.all([linesOf([...SOCKETS, '--processes']), linesOf(node.command(SOCKETS))]);
  // State, bytes unread, bytes unsent, own address, the other's address.
  const ends = new Set(ours.filter((line) => line.includes(`pid=${pid},`)).map((line) => line.split(/\s+/)[3]));
  return theirs.some((line) => {
    const [, unread, , , peer] = line.split(/\s+/);
    return Number(unread) > 0 && ends.has(peer);
  });
}
