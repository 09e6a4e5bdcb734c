// OP_VM_DEFINE before it is queued: name and UUID are settled and stand in the XML, so that a job that is taken up again defines
// the same VM, and the client learns at once what it contradicts.
import { randomUUID } from 'node:crypto';
import type { Opcode } from '../../schemas/job.js';
import type { VmDefine } from '../../schemas/opcodes/vm-define.js';
import type { ParametersOf } from '../../schemas/opcodes/opcode-schema.js';
import { withUuid } from '../domain-xml/with-uuid.js';
import { describeDomain } from '../validation/domain-xml-keyword.js';
import { wrongInput } from '../validation/wrong-input.js';

/** Fills in `name`, `uuid` and the XML's UUID. Throws wrong_input when a given one differs from the XML's. */
export function completeVmDefine(op: Opcode & ParametersOf<typeof VmDefine>): Opcode {
  const described = describeDomain(op.xml);
  if (op.name !== undefined && op.name !== described.name) {
    throw wrongInput([{ pointer: '/name', message: `is not the XML's name, ${JSON.stringify(described.name)}` }]);
  }
  if (op.uuid !== undefined && described.uuid !== undefined && op.uuid !== described.uuid) {
    throw wrongInput([{ pointer: '/uuid', message: `is not the XML's UUID, ${described.uuid}` }]);
  }
  const uuid = op.uuid ?? described.uuid ?? randomUUID();
  const xml = described.uuid === undefined ? withUuid(op.xml, uuid) : op.xml;
  return { ...op, name: described.name, uuid, xml };
}
