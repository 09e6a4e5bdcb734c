// OP_VM_RESTART
import { VmRestart } from '../../schemas/opcodes/vm-restart.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode, type Step } from '../engine/opcode.js';
import { createDomain, shutDownDomain } from '../steps/domain.js';
import { recordState } from '../steps/vm-document.js';
import { assertStarted, observe } from './observed-vm.js';
import { SHUTDOWN_TIMEOUT_S } from './vm-shutdown.js';

export const vmRestart = opcode(VmRestart, {
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm, timeout = SHUTDOWN_TIMEOUT_S }) => {
    const document = await world.vms.get(vm);
    assertStarted(document);
    return { ...(await observe(world, document)), timeoutS: timeout };
  },
  nodes: ({ document }) => [document.node],
  steps: ({ document, timeoutS }) => restartSteps(document, document.xml, timeoutS),
  result: ({ document }, [, forced]) => ({ uuid: document.uuid, state: 'start' as const, forced: forced === true }),
});

/** Down with what runs, up with `xml`. The second step answers whether the power had to be cut. */
export const restartSteps = (document: VmDocument, xml: string, timeoutS: number): Step[] => [
  recordState(document, 'restart'),
  shutDownDomain(document, timeoutS),
  createDomain({ ...document, xml }),
  recordState(document, 'start'),
];
