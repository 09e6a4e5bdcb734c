// OP_VM_EVACUATE: one VM of a node that has failed is started elsewhere.
import Type from 'typebox';
import { NodeName, Selector, VmReference } from '../names.js';
import { ReallyMeanIt } from './node-evacuate.js';
import { opcodeSchema } from './opcode-schema.js';
import { VmMigrationResult } from './vm-result.js';

export const VmEvacuate = opcodeSchema({
  id: 'OP_VM_EVACUATE',
  title: 'Restart a VM of a dead node elsewhere',
  description:
    'Starts the VM on another node without touching the one it was on, which becomes its `last_node` unless it has one. A guest that a ' +
    'migration had brought to another node already is left running there. Fails with `wrong_state` when the agent or the libvirt of that node ' +
    'still answers or the VM is not meant to run, and like OP_VM_MIGRATE for the node that it goes to',
  summaryParameter: 'vm',
  subjects: { vm: ['vm'], node: ['node'] },
  parameters: { vm: VmReference, node: Type.Optional(NodeName), selector: Type.Optional(Selector), yes_i_really_mean_it: ReallyMeanIt },
  result: VmMigrationResult,
});
