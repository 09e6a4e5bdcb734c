// The VMs that have a claim on a node, or run into having one: what empties a node asks for, as the store has it now.
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import type { World } from '../engine/world.js';

/** Without those that are known already. */
export async function guestsOn({ claims, vms }: World, node: string, known: ReadonlySet<string> = new Set()): Promise<VmDocument[]> {
  const uuids = Object.keys(await claims.on(node)).filter((uuid) => !known.has(uuid));
  const documents = await Promise.all(uuids.map((uuid) => vms.find(uuid)));
  return documents.flatMap((document) => document ?? []);
}
