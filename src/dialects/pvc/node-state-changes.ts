// The states of a node that PVC's clients ask for: the opcode that brings it there, and PVC's text for it.
import Type from 'typebox';
import { NodeFlush } from '../../../schemas/opcodes/node-flush.js';
import { NodePrimary } from '../../../schemas/opcodes/node-primary.js';
import { NodeReady } from '../../../schemas/opcodes/node-ready.js';
import { NodeSecondary } from '../../../schemas/opcodes/node-secondary.js';

interface StateChange {
  opcode: string;
  message(node: string): string;
}

export const COORDINATOR_CHANGES = {
  primary: { opcode: NodePrimary.id, message: (node) => `Setting node ${node} in primary router mode.` },
  secondary: { opcode: NodeSecondary.id, message: (node) => `Setting node ${node} in secondary router mode.` },
} as const satisfies Record<string, StateChange>;

export const DOMAIN_CHANGES = {
  flush: { opcode: NodeFlush.id, message: (node) => `Flushing hypervisor ${node} of running VMs.` },
  ready: { opcode: NodeReady.id, message: (node) => `Restoring hypervisor ${node} to active service.` },
} as const satisfies Record<string, StateChange>;

export const WantedCoordinatorState = Type.Enum(['primary', 'secondary'], {
  description: 'what the node shall be; `coordinator-state` is another name for it',
});
export const WantedDomainState = Type.Enum(['flush', 'ready'], {
  description: '`flush`: the node is emptied; `ready`: it takes VMs again; `domain-state` is another name for it',
});
