// Steps that change what the cluster keeps of a VM. The VM's claims on nodes change with it, in the same commit.
import type { VmState } from '../../schemas/resources/vm.js';
import { NOT_YET_EMPTIED, READY, sizeOf, WHATEVER_STATE, type Claiming, type GuestSize } from '../../src/cluster/claims.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { definitionOf } from '../../src/cluster/vm-from-xml.js';
import { mayHaveGuest } from '../../src/cluster/vm-states.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';

/**
 * `before` is the document as the check found it; the undo restores its state. `size`: how large the guest is then, and `claimed`: was before,
 * where that may differ.
 */
export const recordState = (before: VmDocument, state: VmState, { size, claimed }: Partial<Regrowth> = {}): Step =>
  step(`record-state:${state}`, `record the state ${state}`, {
    run: async ({ world, signal }) => {
      const claiming = size && { size };
      await world.vms.update(before.uuid, (document) => ({ ...document, state, failed_reason: '' }), signal, claiming);
    },
    undo: (context) => restoreState(context, before, claimed && { size: claimed, orMore: true, admits: NOT_YET_EMPTIED }),
  });

/**
 * The first step of what starts a guest. From here on its node keeps room for it, and it is meant to run. Refused when the node takes no VMs
 * any more or has no room: then nothing was changed.
 */
export const reserveStart = (before: VmDocument): Step =>
  step('reserve', `reserve room on ${before.node}`, {
    reserves: true,
    run: async ({ world, signal }) => {
      const meantToRun = (document: VmDocument): VmDocument => {
        if (document.node === before.node) return { ...document, state: 'start', failed_reason: '' };
        throw new ClassifiedError('wrong_state', `VM "${before.name}" is not on node "${before.node}" any more`);
      };
      await world.vms.update(before.uuid, meantToRun, signal, { size: sizeOf(before), admits: READY });
    },
    undo: (context) => restoreState(context, before),
  });

/** What a guest needs that goes down on its node to come up with that size: it has room already, as far as it does not grow. */
export const growing = (size: GuestSize): Claiming => ({ size, orMore: true, admits: WHATEVER_STATE });

/** A VM of which the guest is restarted with that size; `claimed`: the size that it has until then. */
export interface Regrowth {
  size: GuestSize;
  claimed: GuestSize;
}

/** The first step of a restart: there is room for the guest as it will be. Refused when there is not: then nothing was changed. */
export const reserveRestart = (before: VmDocument, { size, claimed }: Regrowth): Step =>
  step('record-state:restart', 'record the state restart', {
    reserves: true,
    run: async ({ world, signal }) => {
      await world.vms.update(before.uuid, (document) => ({ ...document, state: 'restart', failed_reason: '' }), signal, growing(size));
    },
    undo: (context) => restoreState(context, before, { size: claimed }),
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

/** A VM that gave its room back gets it again only while there is room, and its node is not emptied. */
async function restoreState({ world, signal }: StepContext, before: VmDocument, claiming?: Claiming): Promise<void> {
  const { uuid, state, failed_reason } = before;
  const again = mayHaveGuest(before) ? { admits: NOT_YET_EMPTIED } : undefined;
  await world.vms.update(uuid, (document) => ({ ...document, state, failed_reason }), signal, claiming ?? again);
}

export const addVm = (document: Omit<VmDocument, 'defined_by'>): Step =>
  step('add-vm', `add VM "${document.name}" to the cluster`, {
    reserves: true,
    run: async ({ world, job, signal }) => {
      await world.vms.create({ ...document, defined_by: job }, signal, { size: sizeOf(document), admits: READY });
    },
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

/** Changes everything that comes from the XML, and nothing else. `restarting`: the guest is restarted with it, and needs room for that. */
export const replaceDefinition = (before: VmDocument, after: VmDocument, restarting?: Regrowth): Step =>
  step('replace-definition', `replace the definition of VM "${before.name}"`, {
    ...(restarting === undefined ? {} : { reserves: true }),
    run: async ({ world, signal }) => {
      const claiming = restarting && growing(restarting.size);
      await world.vms.update(before.uuid, (document) => ({ ...document, ...definitionOf(after) }), signal, claiming);
    },
    undo: async ({ world, signal }) => {
      const claiming = restarting && { size: restarting.claimed };
      await world.vms.update(before.uuid, (document) => ({ ...document, ...definitionOf(before) }), signal, claiming);
    },
  });
