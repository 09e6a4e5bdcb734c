// OP_OSD_ADD
import { randomUUID } from 'node:crypto';
import { OsdAdd } from '../../schemas/opcodes/osd-add.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { deviceObjection } from '../drivers/ceph-osd-host.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import type { World } from '../engine/world.js';
import { livingNode } from '../placement/node-life.js';
import { addOsdDocument, OSD_PREPARED, prepareOsd, startOsd, weighOsd } from '../steps/osd-birth.js';

export const osdAdd = opcode(OsdAdd, {
  version: 1,
  locks: ({ node, device }) => [shared.storage(), exclusive.osdDevice(node, device)],
  check: async (world, { node, device: given, weight }) => {
    await livingNode(world, node);
    const facts = await (await world.osdHosts.on(node)).inspectDevice(given);
    await refuseKnown(world, node, [given, facts.path]);
    const objection = deviceObjection(facts);
    if (objection !== undefined) throw new ClassifiedError('wrong_state', objection);
    // The path as it was given: a link under /dev/disk stays when the kernel counts its disks anew. By this UUID the OSD is known again, whatever happens to the one who makes it.
    return { node, device: given, fsid: randomUUID(), weight: weight ?? null };
  },
  nodes: ({ node }) => [node],
  steps: ({ weight, ...osd }) => [prepareOsd(osd), startOsd(osd), ...(weight === null ? [] : [weighOsd(osd, weight)]), addOsdDocument(osd)],
  result: ({ node, device }, done) => ({ osd: done.get(OSD_PREPARED).id, node, device }),
});

/** Throws wrong_state when the cluster's state has an OSD on the device. */
async function refuseKnown({ storage: { osds } }: World, node: string, paths: string[]): Promise<void> {
  const documents = await Promise.all((await osds.keys()).map((key) => osds.find(key)));
  const there = documents.find((document) => document?.node === node && paths.includes(document.device));
  if (there !== undefined) throw new ClassifiedError('wrong_state', `device ${there.device} of node "${node}" is used by OSD ${there.id}`);
}
