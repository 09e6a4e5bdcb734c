// OP_VM_START
import { VmStart } from '../../schemas/opcodes/vm-start.js';
import { READY, sizeOf } from '../../src/cluster/claims.js';
import { partsOf } from '../../src/cluster/volume-users.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { createDomain } from '../steps/domain.js';
import { recordState, reserveStart } from '../steps/vm-document.js';
import { observe } from './observed-vm.js';

export const vmStart = opcode(VmStart, {
  version: 1,
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async (world, { vm, expected_state }) => {
    const document = await world.vms.get(vm);
    if (expected_state !== undefined && document.state !== expected_state) {
      throw new ClassifiedError(
        'wrong_state',
        `VM "${document.name}" is not in state "${expected_state}" any more, but "${document.state}"`,
      );
    }
    await world.claims.assertReady(document.node, READY);
    const observed = await observe(world, document);
    if (!observed.up) {
      await world.claims.assertAdmitted(document.node, document, { size: sizeOf(document), admits: READY });
      await world.storage.users.assertUnmarked(partsOf(document));
    }
    return observed;
  },
  nodes: ({ document }) => [document.node],
  steps: ({ document, up, size }) => {
    if (!up) return [reserveStart(document), createDomain(document)];
    return document.state === 'start' ? [] : [recordState(document, 'start', size && { size })];
  },
  result: ({ document }) => ({ uuid: document.uuid, state: 'start' as const }),
});
