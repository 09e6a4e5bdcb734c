// The steps that change whether a node takes VMs. Whoever brings a guest to a node commits that together with a check of the node's state, so a
// state that stands lets nobody in any more; who was let in before has a claim.
import type { DomainState } from '../../schemas/resources/node.js';
import type { NodeDocument } from '../../src/cluster/node-documents.js';
import { step, stepKey, type Step } from '../engine/opcode.js';
import { byName, type PlannedVm } from '../placement/plan-moves.js';

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

/** The VMs that are left on a node that should be empty. */
export const NODE_EMPTIED = stepKey<PlannedVm[]>('close-emptied');

/** The node is `flushed`, unless somebody has a claim on it. The undo is that of the step that began to empty it. */
export const closeEmptied = ({ name: node }: NodeDocument): Step =>
  step(NODE_EMPTIED, `record that ${node} is flushed`, {
    run: async ({ world, log, signal }) => {
      const uuids = await world.claims.closeEmptied(node, signal);
      const vms = await Promise.all(uuids.map((uuid) => world.vms.find(uuid)));
      const left = byName(vms.flatMap((vm) => vm ?? [])).map(({ uuid, name }) => ({ uuid, name }));
      if (left.length > 0) log(`node "${node}" is not empty: ${left.map(({ name }) => `"${name}"`).join(', ')}`);
      return left;
    },
  });
