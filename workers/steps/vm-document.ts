// Steps that change what the cluster keeps of a VM.
import type { VmState } from '../../schemas/resources/vm.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';

/** `before` is the document as the check found it; the undo restores its state. */
export const recordState = (before: VmDocument, state: VmState): Step =>
  step(`record-state:${state}`, `record the state ${state}`, {
    run: async ({ world, signal }) => {
      await world.vms.update(before.uuid, (document) => ({ ...document, state, failed_reason: '' }), signal);
    },
    undo: (context) => restoreState(context, before),
  });

/**
 * The step, the first one of its opcode to touch the guest; its undo, which comes after the others, ends with the recorded state. The
 * others may have restored that too, but between a worker that died while undoing and the next one, an agent follows what it sees.
 */
export const restoringState = (before: VmDocument, first: Step): Step => ({
  ...first,
  undo: async (context) => {
    await first.undo?.(context);
    await restoreState(context, before);
  },
});

async function restoreState({ world, signal }: StepContext, { uuid, state, failed_reason }: VmDocument): Promise<void> {
  await world.vms.update(uuid, (document) => ({ ...document, state, failed_reason }), signal);
}

export const addVm = (document: Omit<VmDocument, 'defined_by'>): Step =>
  step('add-vm', `add VM "${document.name}" to the cluster`, {
    run: async ({ world, job, signal }) => await world.vms.create({ ...document, defined_by: job }, signal),
    // Another job may have been faster with this UUID; its VM is none of ours to remove.
    undo: async ({ world, job, signal }) => {
      if ((await world.vms.find(document.uuid))?.defined_by === job) await world.vms.remove(document.uuid, signal);
    },
  });

export const removeVm = (document: VmDocument): Step =>
  step('remove-vm', `remove VM "${document.name}" from the cluster`, {
    run: async ({ world, signal }) => await world.vms.remove(document.uuid, signal),
    undo: async ({ world, signal }) => await world.vms.create(document, signal),
  });

/** Changes everything that comes from the XML. */
export const replaceDefinition = (before: VmDocument, after: VmDocument): Step =>
  step('replace-definition', `replace the definition of VM "${before.name}"`, {
    run: async ({ world, signal }) => {
      await world.vms.update(before.uuid, ({ state, failed_reason }) => ({ ...after, state, failed_reason }), signal);
    },
    undo: async ({ world, signal }) => {
      await world.vms.update(before.uuid, ({ state, failed_reason }) => ({ ...before, state, failed_reason }), signal);
    },
  });
