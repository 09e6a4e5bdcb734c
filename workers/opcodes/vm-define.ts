// OP_VM_DEFINE
import { VmDefine } from '../../schemas/opcodes/vm-define.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { vmFromXml } from '../../src/cluster/vm-from-xml.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive, sharedDisks } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { newVm } from '../placement/choose-node.js';
import { addVm } from '../steps/vm-document.js';

export const vmDefine = opcode(VmDefine, {
  version: 1,
  locks: ({ uuid, name, xml }) => [exclusive.vm(settled(uuid)), exclusive.vmName(settled(name)), ...sharedDisks(vmFromXml(xml))],
  check: async (world, { xml, uuid: given, node, selector }): Promise<Omit<VmDocument, 'defined_by'>> => {
    const described = vmFromXml(xml);
    const uuid = settled(given);
    for (const reference of [described.name, uuid]) {
      if ((await world.vms.find(reference)) !== undefined) throw new ClassifiedError('already_exists', `VM "${reference}" exists already`);
    }
    return await newVm(world, { ...described, uuid }, { node, selector });
  },
  steps: (document) => [addVm(document)],
  result: ({ uuid, name, node }) => ({ uuid, name, node }),
});

/** Admission fills these in before the job is queued. */
function settled(value: string | undefined): string {
  if (value === undefined) throw new ClassifiedError('internal_error', 'OP_VM_DEFINE was queued without a name or UUID');
  return value;
}
