// OP_VM_RESTART
import { VmRestart } from '../../schemas/opcodes/vm-restart.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode, type Step } from '../engine/opcode.js';
import { createDomain, GUEST_SHUT_DOWN, shutDownDomain } from '../steps/domain.js';
import { recordState } from '../steps/vm-document.js';
import { assertStarted, observe } from './observed-vm.js';
import { SHUTDOWN_TIMEOUT_S } from './vm-shutdown.js';

export const vmRestart = opcode(VmRestart, {
  version: 1,
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm, timeout = SHUTDOWN_TIMEOUT_S }) => {
    const document = await world.vms.get(vm);
    assertStarted(document);
    return { ...(await observe(world, document)), timeoutS: timeout };
  },
  nodes: ({ document }) => [document.node],
  steps: ({ document, timeoutS }) => restartSteps(document, document.xml, timeoutS),
  result: ({ document }, done) => ({ uuid: document.uuid, state: 'start' as const, forced: done.get(GUEST_SHUT_DOWN) }),
});

/** Down with what runs, up with `xml`. */
export const restartSteps = (document: VmDocument, xml: string, timeoutS: number): Step[] => [
  recordState(document, 'restart'),
  shutDownDomain(document, timeoutS),
  createDomain({ ...document, xml }),
  recordState(document, 'start'),
];
