// OP_VM_SHUTDOWN
import { VmShutdown } from '../../schemas/opcodes/vm-shutdown.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { forgetDomain, shutDownDomain } from '../steps/domain.js';
import { recordState } from '../steps/vm-document.js';
import { assertStarted, observe } from './observed-vm.js';

/** PVC's time for a guest to power off. */
export const SHUTDOWN_TIMEOUT_S = 90;

export const vmShutdown = opcode(VmShutdown, {
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm, timeout = SHUTDOWN_TIMEOUT_S }) => {
    const document = await world.vms.get(vm);
    assertStarted(document);
    return { ...(await observe(world, document)), timeoutS: timeout };
  },
  nodes: ({ document }) => [document.node],
  steps: ({ document, timeoutS }) => [
    recordState(document, 'shutdown'),
    shutDownDomain(document, timeoutS),
    forgetDomain(document),
    recordState(document, 'stop'),
  ],
  result: ({ document }, [, forced]) => ({ uuid: document.uuid, state: 'stop' as const, forced: forced === true }),
});
