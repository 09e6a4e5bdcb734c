// The step that changes whether a node takes VMs.
import type { DomainState } from '../../schemas/resources/node.js';
import type { NodeDocument } from '../../src/cluster/node-documents.js';
import { step, type Step } from '../engine/opcode.js';

/** `before` is the document as the check found it; the undo restores its state. */
export const recordDomainState = (before: NodeDocument, state: DomainState): Step =>
  step(`record-domain-state:${state}`, `record that ${before.name} is ${state}`, {
    run: async ({ world, signal }) => {
      await world.nodes.update(before.name, (document) => ({ ...document, domain_state: state }), signal);
    },
    undo: async ({ world, signal }) => {
      await world.nodes.update(before.name, (document) => ({ ...document, domain_state: before.domain_state }), signal);
    },
  });
