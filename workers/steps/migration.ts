// The steps that bring a VM from one node to another: live, or shut down and started there when it cannot be moved live, or only assigned.
// Each looks where the guest is before it does anything, so that the guest never runs twice, whoever dies and whoever goes on.
import { ClassifiedError, classify } from '../../src/errors/classified-error.js';
import type { DomainState } from '../../schemas/resources/node.js';
import type { VmState } from '../../schemas/resources/vm.js';
import { NOT_YET_EMPTIED, sizeOf, type Claiming } from '../../src/cluster/claims.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { mayHaveGuest } from '../../src/cluster/vm-states.js';
import { isUp, type EndReason } from '../drivers/hypervisor.js';
import { step, stepKey, type Step, type StepContext } from '../engine/opcode.js';
import { createDomain, shutDownDomain } from './domain.js';
import { callOffMigration, migrateLive } from './live-migration.js';
import { isLeftDown, sight, whereabouts, type Journey, type Whereabouts } from './whereabouts.js';

/** What a document says of where its VM is. */
type Placement = Pick<VmDocument, 'state' | 'failed_reason' | 'node' | 'last_node' | 'target_node'>;

const before = ({ document: { state, failed_reason, node, last_node } }: Journey): Placement => ({
  state,
  failed_reason,
  node,
  last_node,
  target_node: '',
});
const onTheWay = (journey: Journey): Placement => ({
  ...before(journey),
  state: 'migrate',
  failed_reason: '',
  target_node: journey.target,
});
const arrived = ({ target, lastNode }: Journey, state: VmState, failedReason = ''): Placement => ({
  state,
  failed_reason: failedReason,
  node: target,
  last_node: lastNode,
  target_node: '',
});

async function record(
  { world, signal }: StepContext,
  { document: { uuid } }: Journey,
  placement: Placement,
  claiming?: Claiming,
): Promise<void> {
  await world.vms.update(uuid, (document) => ({ ...document, ...placement }), signal, claiming);
}

/**
 * What the VM needs on the node that it goes to: enough for the guest as it runs, and as it would be started there. The node must be in one
 * of these states.
 */
export const arriving = (document: VmDocument, admits: readonly DomainState[]): Claiming => ({
  size: sizeOf(document),
  orMore: true,
  admits,
});

/** From here on the other node keeps room for it. Refused when that node takes no VMs any more or has no room: then nothing was changed. */
export const recordDeparture = (journey: Journey): Step =>
  step('record-departure', `record that the VM is on its way to ${journey.target}`, {
    reserves: true,
    run: async (context) => {
      await record(context, journey, onTheWay(journey), arriving(journey.document, journey.admits));
      // What may have been left there a long time ago would be taken for a part of this move.
      await undefine(context, journey.target, journey.document.uuid);
    },
    // A VM that is no longer on its way is where the undo of the move itself has found it.
    undo: async (context) => {
      const restore = (document: VmDocument) => (document.target_node === '' ? document : { ...document, ...before(journey) });
      await context.world.vms.update(journey.document.uuid, restore, context.signal);
    },
  });

export const recordArrival = (journey: Journey): Step =>
  step('record-arrival', `record that the VM is on ${journey.target}`, {
    run: (context) => record(context, journey, arrived(journey, 'start')),
    // The node that it left may have no room for it any more, or be empty by now: then it stays.
    undo: (context) => record(context, journey, onTheWay(journey), { admits: NOT_YET_EMPTIED }),
  });

/** Of a VM that does not run. */
export const assignVm = (journey: Journey, state: VmState): Step =>
  step('assign-vm', `assign the VM to ${journey.target}`, {
    reserves: true,
    run: async (context) => {
      const placement = arrived(journey, state, state === 'fail' ? journey.document.failed_reason : '');
      await record(context, journey, placement, arriving(journey.document, journey.admits));
    },
    undo: (context) => record(context, journey, before(journey), mayHaveGuest(journey.document) ? { admits: NOT_YET_EMPTIED } : undefined),
  });

/** The VM is not there any more; that its node still knows the domain is no reason to bring it back. */
export const forgetLeftDomain = ({ document: { uuid, node } }: Journey): Step =>
  step('forget-left-domain', `undefine the domain on ${node}`, {
    run: (context) => undefineIfPossible(context, node, uuid),
  });

/** How the guest went. */
export const GUEST_MOVED = stepKey<'live' | 'cold'>('move-guest');

/** Undone by bringing it back in the same way. */
export const moveGuest = (journey: Journey, shutdownTimeoutS: number): Step =>
  step(GUEST_MOVED, `move the guest from ${journey.document.node} to ${journey.target}`, {
    run: (context) => goThere(context, journey, shutdownTimeoutS),
    undo: async (context) => {
      const { node, target_node: goesTo } = await context.world.vms.get(journey.document.uuid);
      if (node === journey.target && goesTo === '') {
        const text = `VM "${journey.document.name}" stays on node "${journey.target}": it has no claim on node "${journey.document.node}" any more`;
        throw new ClassifiedError('wrong_state', text);
      }
      try {
        await callOffMigration(context, { ...journey.document, from: journey.document.node });
        await record(context, journey, { ...before(journey), ...(await comeBack(context, journey, shutdownTimeoutS)) });
      } catch (error) {
        context.signal.throwIfAborted();
        await recordWhatIsSeen(context, journey);
        throw error;
      }
    },
  });

async function goThere(context: StepContext, journey: Journey, shutdownTimeoutS: number): Promise<'live' | 'cold'> {
  const { document, target } = journey;
  const { place, here, there } = await whereabouts(context, journey);
  if (place === 'there' || place === 'ended there') return isLeftDown(here) ? 'cold' : 'live';
  if (place === 'ended') throw hasEnded(journey, here);
  if (place === 'here' && !isLeftDown(there)) {
    const obstacle = await tryLive(context, journey);
    if (obstacle === undefined) return 'live';
    context.log(`${obstacle}; the guest is shut down, and started on ${target}`);
  }
  await moveCold(context, document, document.node, target, shutdownTimeoutS);
  return 'cold';
}

/** Undefined when the guest has arrived, or why it cannot go live. Throws environment_error when it should have been able to. */
async function tryLive(context: StepContext, journey: Journey): Promise<string | undefined> {
  const { document, target } = journey;
  try {
    await migrateLive(context, { ...document, from: document.node, to: target });
  } catch (error) {
    context.signal.throwIfAborted();
    const { errorClass, message } = classify(error);
    // The migration may have ended while it was being asked for.
    const { place, here } = await whereabouts(context, journey);
    if (place === 'ended' || place === 'between') throw hasEnded(journey, here);
    if (place === 'here' && errorClass === 'wrong_state') return message;
    if (place === 'here') {
      const text = `VM "${document.name}" could not be moved to node "${target}" and runs on where it was: ${message}`;
      throw new ClassifiedError(errorClass === 'insufficient_resources' ? errorClass : 'environment_error', text, { cause: error });
    }
  }
  context.log(`the guest of VM "${document.name}" runs on ${target}; it was moved live`);
  return undefined;
}

/** From wherever it stands. Nothing is shut down before the other node has accepted the domain, and nothing is started before it is down. */
async function moveCold(context: StepContext, document: VmDocument, from: string, to: string, shutdownTimeoutS: number): Promise<void> {
  const there = await sight(context.world, to, document.uuid);
  if (there === undefined) {
    const hypervisor = await context.world.hypervisors.on(to);
    context.signal.throwIfAborted();
    await hypervisor.define(document.xml);
  }
  await shutDownDomain({ ...document, node: from }, shutdownTimeoutS).run(context);
  await createDomain({ ...document, node: to }).run(context);
  context.log(`the guest of VM "${document.name}" runs on ${to}; it was started there`);
}

/** Answers what the state is then, where it is not the one before. */
async function comeBack(context: StepContext, journey: Journey, shutdownTimeoutS: number): Promise<Partial<Placement>> {
  const { document, target } = journey;
  const { place, here, there } = await whereabouts(context, journey);
  const wasShutDown = place === 'between' || (place === 'ended there' && isLeftDown(here));
  if (place === 'ended' || (place === 'ended there' && !wasShutDown)) {
    const ended = stateAfter((there ?? here)?.endReason);
    await undefineIfPossible(context, target, document.uuid);
    return ended;
  }
  if (wasShutDown || (place === 'there' && (isLeftDown(here) || (await isStuck(context, journey, here))))) {
    await moveCold(context, document, target, document.node, shutdownTimeoutS);
  }
  await undefineIfPossible(context, target, document.uuid);
  return {};
}

/** Takes the guest back live; answers whether it has to be shut down for that. */
async function isStuck(context: StepContext, { document, target }: Journey, here: Whereabouts['here']): Promise<boolean> {
  // What the migration has left behind is in the way of the one back.
  if (here !== undefined && !isUp(here)) await undefine(context, document.node, document.uuid);
  try {
    await migrateLive(context, { ...document, from: target, to: document.node });
    context.log(`the guest of VM "${document.name}" runs on ${document.node} again; it was moved live`);
    return false;
  } catch (error) {
    context.signal.throwIfAborted();
    const { errorClass, message } = classify(error);
    if (isUp(await sight(context.world, document.node, document.uuid)) && !isUp(await sight(context.world, target, document.uuid))) {
      return false;
    }
    if (errorClass !== 'wrong_state') throw error;
    context.log(`${message}; the guest is shut down, and started on ${document.node}`);
    return true;
  }
}

/** When it could not be brought back, or nobody can say: a guest that is seen running on the other node is there. */
async function recordWhatIsSeen(context: StepContext, journey: Journey): Promise<void> {
  const { document, target } = journey;
  const seen = (node: string) => sight(context.world, node, document.uuid).catch(() => undefined);
  const [here, there] = [await seen(document.node), await seen(target)];
  const isThere = there?.state === 'running' && !isUp(here);
  await record(context, journey, isThere ? arrived(journey, 'start') : before(journey));
}

async function undefine({ world, signal }: StepContext, node: string, uuid: string): Promise<void> {
  const hypervisor = await world.hypervisors.on(node);
  signal.throwIfAborted();
  await hypervisor.undefine(uuid);
}

/** A definition of a domain that is elsewhere does no harm. */
async function undefineIfPossible(context: StepContext, node: string, uuid: string): Promise<void> {
  try {
    await undefine(context, node, uuid);
  } catch (error) {
    context.signal.throwIfAborted();
    context.log(`the domain could not be undefined on ${node}: ${classify(error).message}`);
  }
}

/** A guest that was switched off is off; one that broke down should run, and is left to those who see to that. */
export const stateAfter = (reason: EndReason | undefined): Partial<Placement> =>
  reason === 'shutdown' || reason === 'destroyed' ? { state: 'stop', failed_reason: '' } : {};

const ENDINGS: Partial<Record<EndReason, string>> = { shutdown: 'powered off', crashed: 'crashed', destroyed: 'was switched off' };

function hasEnded({ document, target }: Journey, here: Whereabouts['here']): ClassifiedError {
  const ending = ENDINGS[here?.endReason ?? 'unknown'] ?? 'ended';
  return new ClassifiedError(
    'environment_error',
    `the guest of VM "${document.name}" ${ending} while it was being moved to node "${target}"`,
  );
}
