// OP_VM_MODIFY before it is queued: XML of another VM is refused at once. (Whether a VM named by its name has the XML's UUID only
// the cluster knows; the job checks that.)
import type { Opcode } from '../../schemas/job.js';
import type { ParametersOf } from '../../schemas/opcodes/opcode-schema.js';
import type { VmModify } from '../../schemas/opcodes/vm-modify.js';
import { canonicalUuid, looksLikeUuid } from '../domain-xml/domain-uuid.js';
import { describeDomain } from '../validation/domain-xml-keyword.js';
import { wrongInput } from '../validation/wrong-input.js';

/** The opcode as it is. Throws wrong_input when `vm` is a UUID and the XML has another one. */
export function completeVmModify(op: Opcode & ParametersOf<typeof VmModify>): Opcode {
  const { uuid } = describeDomain(op.xml);
  if (uuid !== undefined && looksLikeUuid(op.vm) && canonicalUuid(op.vm) !== uuid) {
    throw wrongInput([{ pointer: '/xml', message: `has the UUID ${uuid}, which is not the VM's` }]);
  }
  return op;
}
