// OP_VM_EVACUATE
import { VmEvacuate } from '../../schemas/opcodes/vm-evacuate.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { READY, sizeOf } from '../../src/cluster/claims.js';
import { shouldRun } from '../../src/cluster/vm-states.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import type { World } from '../engine/world.js';
import { placeFor } from '../placement/choose-node.js';
import { deadNode } from '../placement/node-life.js';
import { adoptElsewhere, assignElsewhere, createElsewhere } from '../steps/evacuate.js';
import { recordState } from '../steps/vm-document.js';
import { sight } from '../steps/whereabouts.js';

export const vmEvacuate = opcode(VmEvacuate, {
  version: 1,
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm, node, selector }) => {
    const document = await world.vms.get(vm);
    if (!shouldRun(document)) {
      throw new ClassifiedError('wrong_state', `VM "${document.name}" is not meant to run; it is in state "${document.state}"`);
    }
    await deadNode(world, document.node);
    const running = await whereItRuns(world, document);
    if (running !== undefined && node !== undefined && node !== running) {
      throw new ClassifiedError('wrong_state', `VM "${document.name}" runs on node "${running}" already`);
    }
    return {
      document,
      to: running ?? (await placeFor(world, document, { node, selector, claiming: { size: sizeOf(document), admits: READY } })),
      runs: running !== undefined,
    };
  },
  nodes: ({ to }) => [to],
  steps: ({ document, to, runs }) => [
    ...(runs ? [adoptElsewhere(document, to)] : [assignElsewhere(document, to), createElsewhere(document, to)]),
    recordState(document, 'start'),
  ],
  result: ({ document, to, runs }) => ({
    uuid: document.uuid,
    node: to,
    last_node: document.last_node || document.node,
    method: runs ? ('live' as const) : ('cold' as const),
  }),
});

/**
 * The living node on which the guest runs all the same: a migration may have come to its end there without anybody writing it down. It must
 * not be started a second time. Throws environment_error when the node that it was on its way to does not answer, or has not found out yet
 * that its old node is gone.
 */
async function whereItRuns(world: World, { uuid, name: vm, target_node }: VmDocument): Promise<string | undefined> {
  const state = target_node === '' ? undefined : (await sight(world, target_node, uuid))?.state;
  if (state === 'running') return target_node;
  if (state === 'paused') {
    throw new ClassifiedError('environment_error', `the guest of VM "${vm}" is half-way on node "${target_node}"; try again in a minute`);
  }
  for (const { name, daemon_state, running_domains } of world.cluster.nodes()) {
    if (daemon_state !== 'dead' && running_domains.includes(uuid)) return name;
  }
  return undefined;
}
