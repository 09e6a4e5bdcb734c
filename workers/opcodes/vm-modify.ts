// OP_VM_MODIFY
import { VmModify } from '../../schemas/opcodes/vm-modify.js';
import { sizeOf } from '../../src/cluster/claims.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { vmFromXml } from '../../src/cluster/vm-from-xml.js';
import { mayHaveGuest } from '../../src/cluster/vm-states.js';
import { parseDomainXml } from '../../src/domain-xml/domain-description.js';
import { withUuid } from '../../src/domain-xml/with-uuid.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive, shared, sharedDisks } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { recordState, replaceDefinition } from '../steps/vm-document.js';
import { observe } from './observed-vm.js';
import { regrowthOf, restartSteps } from './vm-restart.js';
import { SHUTDOWN_TIMEOUT_S } from './vm-shutdown.js';

export const vmModify = opcode(VmModify, {
  version: 1,
  locks: ({ vm, xml }) => {
    const after = vmFromXml(xml);
    // Those that it has now as well, and its name: the undo makes it have them again.
    return [
      exclusive.vm(vm),
      exclusive.nameOf(vm),
      exclusive.vmName(after.name),
      ...sharedDisks(after),
      shared.poolsOf(vm),
      shared.disksOf(vm),
    ];
  },
  check: async (world, { vm, xml, restart = false }) => {
    const before = await world.vms.get(vm);
    const after: VmDocument = { ...before, ...vmFromXml(completed(before, xml)) };
    if (after.name !== before.name) assertRenamable(before, after.name, await world.vms.uuidOf(after.name));
    const { up } = await observe(world, before);
    return { before, after, regrowth: restart && up ? await regrowthOf(world, before, sizeOf(after)) : null };
  },
  nodes: ({ before }) => [before.node],
  steps: ({ before, after, regrowth }) =>
    regrowth === null
      ? [replaceDefinition(before, after)]
      : [
          replaceDefinition(before, after, regrowth),
          recordState(before, 'restart'),
          ...restartSteps(before, after.xml, regrowth, SHUTDOWN_TIMEOUT_S),
        ],
  result: ({ after, regrowth }) => ({ uuid: after.uuid, name: after.name, restarted: regrowth !== null }),
});

/** The XML with the VM's UUID. Throws wrong_input when it has another. */
function completed({ uuid, name }: VmDocument, xml: string): string {
  const given = parseDomainXml(xml).uuid;
  if (given === undefined) return withUuid(xml, uuid);
  if (given !== uuid) throw new ClassifiedError('wrong_input', `the XML's UUID is ${given}, but VM "${name}" has ${uuid}`);
  return xml;
}

/** libvirt knows a running domain by the name that it was started with. */
function assertRenamable({ name, state }: VmDocument, to: string, owner: string | undefined): void {
  if (owner !== undefined) throw new ClassifiedError('already_exists', `VM "${to}" exists already`);
  if (mayHaveGuest({ state })) {
    throw new ClassifiedError('wrong_state', `VM "${name}" must be stopped before it is renamed; it is in state "${state}"`);
  }
}
