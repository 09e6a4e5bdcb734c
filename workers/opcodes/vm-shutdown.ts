// OP_VM_SHUTDOWN
import { VmShutdown } from '../../schemas/opcodes/vm-shutdown.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { forgetDomain, GUEST_SHUT_DOWN, shutDownDomain } from '../steps/domain.js';
import { recordState } from '../steps/vm-document.js';
import { assertStarted, observe } from './observed-vm.js';

/** PVC's time for a guest to power off. */
export const SHUTDOWN_TIMEOUT_S = 90;

export const vmShutdown = opcode(VmShutdown, {
  version: 1,
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
  result: ({ document }, done) => ({ uuid: document.uuid, state: 'stop' as const, forced: done.get(GUEST_SHUT_DOWN) }),
});
