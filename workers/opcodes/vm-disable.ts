// OP_VM_DISABLE
import { VmDisable } from '../../schemas/opcodes/vm-disable.js';
import { mayHaveGuest } from '../../src/cluster/vm-states.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { recordState } from '../steps/vm-document.js';

export const vmDisable = opcode(VmDisable, {
  version: 1,
  locks: ({ vm }) => [exclusive.vm(vm)],
  check: async ({ vms }, { vm }) => {
    const document = await vms.get(vm);
    if (mayHaveGuest(document)) {
      throw new ClassifiedError(
        'wrong_state',
        `VM "${document.name}" must be stopped before disabling; it is in state "${document.state}"`,
      );
    }
    return document;
  },
  steps: (document) => (document.state === 'disable' ? [] : [recordState(document, 'disable')]),
  result: ({ uuid }) => ({ uuid, state: 'disable' as const }),
});
