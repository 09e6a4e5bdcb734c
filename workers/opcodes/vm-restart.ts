// OP_VM_RESTART
import { VmRestart } from '../../schemas/opcodes/vm-restart.js';
import { sizeOf, type GuestSize } from '../../src/cluster/claims.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode, type Step } from '../engine/opcode.js';
import type { World } from '../engine/world.js';
import { createDomain, GUEST_SHUT_DOWN, shutDownDomain } from '../steps/domain.js';
import { growing, recordState, reserveRestart, type Regrowth } from '../steps/vm-document.js';
import { assertStarted, observe } from './observed-vm.js';
import { SHUTDOWN_TIMEOUT_S } from './vm-shutdown.js';

export const vmRestart = opcode(VmRestart, {
  version: 1,
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm, timeout = SHUTDOWN_TIMEOUT_S }) => {
    const document = await world.vms.get(vm);
    assertStarted(document);
    const regrowth = await regrowthOf(world, document, sizeOf(document));
    return { ...(await observe(world, document)), regrowth, timeoutS: timeout };
  },
  nodes: ({ document }) => [document.node],
  steps: ({ document, regrowth, timeoutS }) => [
    reserveRestart(document, regrowth),
    ...restartSteps(document, document.xml, regrowth, timeoutS),
  ],
  result: ({ document }, done) => ({ uuid: document.uuid, state: 'start' as const, forced: done.get(GUEST_SHUT_DOWN) }),
});

/** Down with what runs, up with `xml`; after a first step that has reserved room for it. */
export const restartSteps = (document: VmDocument, xml: string, regrowth: Regrowth, timeoutS: number): Step[] => [
  shutDownDomain(document, timeoutS),
  createDomain({ ...document, xml }),
  recordState(document, 'start', regrowth),
];

/** What a restart with that size changes. insufficient_resources: the node has no room for it. */
export async function regrowthOf({ claims }: World, document: VmDocument, size: GuestSize): Promise<Regrowth> {
  const { [document.uuid]: claimed = sizeOf(document) } = await claims.on(document.node);
  await claims.assertAdmitted(document.node, document, growing(size));
  return { size, claimed: { memory_mib: claimed.memory_mib, vcpus: claimed.vcpus } };
}
