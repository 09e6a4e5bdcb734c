// What is really there, seen past rapid: libvirt's own command in the nodes, and the QEMU processes of the machine.
import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import type { HypervisorNode } from '../lab/node.js';
import { allPids } from '../lab/processes.js';

/** Runs virsh inside the node, network or not. Throws with what it says when it fails. */
export async function virsh(node: HypervisorNode, ...words: string[]): Promise<string> {
  const [program, ...parameters] = node.command(['virsh', '--connect', 'qemu:///system', ...words]);
  return (await execa(program, parameters)).stdout;
}

/** The names of the nodes whose libvirt knows the domain, running or not. */
export async function nodesWith(nodes: readonly HypervisorNode[], uuid: string): Promise<string[]> {
  const known = await Promise.all(nodes.map((node) => virsh(node, 'list', '--all', '--uuid')));
  return nodes.filter((_, index) => known[index]?.includes(uuid)).map(({ name }) => name);
}

/** The QEMU processes of that guest, on whatever node: one when it runs, and never more. */
export function guestPids(uuid: string): number[] {
  return allPids().filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words[0]?.includes('qemu-system') === true && words[words.indexOf('-uuid') + 1] === uuid;
    } catch {
      return false;
    }
  });
}
