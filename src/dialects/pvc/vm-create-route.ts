// A VM from a few numbers, under the path that PVC's REST manual keeps for it.
import { VmCreate } from '../../../schemas/opcodes/vm-create.js';
import { mutation } from '../../http/route.js';
import { opcodeFrom } from './opcode-from.js';

const { name, ...others } = VmCreate.parameters.properties;

export const createVm = mutation({
  method: 'POST',
  path: '/vm/:vm',
  access: 'write',
  summary: 'Creates a VM with its volumes.',
  values: { vm: name, ...others },
  ops: (values) => [opcodeFrom(VmCreate, { ...values, name: values.vm })],
  message: ({ vm }, [op]) => `Created new VM with Name "${vm}" and UUID ${JSON.stringify(op?.['uuid'])}.`,
});
