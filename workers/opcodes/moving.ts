// What migrating a VM, bringing it back and moving it for good have in common: where it goes, whether it can, and how.
import type { Selector } from '../../schemas/names.js';
import type { VmMigrate } from '../../schemas/opcodes/vm-migrate.js';
import type { ResultOf } from '../../schemas/opcodes/opcode-schema.js';
import type { DomainState } from '../../schemas/resources/node.js';
import type { VmState } from '../../schemas/resources/vm.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { READY } from '../../src/cluster/claims.js';
import { mayHaveGuest } from '../../src/cluster/vm-states.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { isUp, type DomainSighting } from '../drivers/hypervisor.js';
import type { Step, StepResults } from '../engine/opcode.js';
import type { World } from '../engine/world.js';
import { placeFor } from '../placement/choose-node.js';
import {
  arriving,
  assignVm,
  forgetLeftDomain,
  GUEST_MOVED,
  moveGuest,
  recordArrival,
  recordDeparture,
  stateAfter,
} from '../steps/migration.js';
import { sight, type Journey } from '../steps/whereabouts.js';
import { SHUTDOWN_TIMEOUT_S } from './vm-shutdown.js';

export interface Moving extends Journey {
  /** `live`: it runs, and is shut down only if it cannot be moved otherwise; `assigned`: it does not run. */
  method: 'live' | 'assigned';
  /** Of a VM that is only assigned: its state afterwards. */
  state: VmState;
  /** Whether the node that it leaves still knows its domain. */
  defined: boolean;
}

interface Wish {
  node?: string | undefined;
  selector?: Selector | undefined;
  /** Whether the node is the one that it was migrated from. */
  returning?: boolean;
}

/** A node that is being brought back takes its own VMs already. */
const RETURNING: readonly DomainState[] = [...READY, 'unflush'];

/** `lastNodeAt` answers what its `last_node` is when it has arrived at a node. Read-only. */
export async function planMove(world: World, found: VmDocument, wish: Wish, lastNodeAt: (target: string) => string): Promise<Moving> {
  const document: VmDocument = { ...found, target_node: '' };
  const admits = wish.returning === true ? RETURNING : READY;
  const target = await targetOf(world, document, wish, admits);
  const sighting = await sightingOf(world, document);
  const up = isUp(sighting);
  if (up && isUp(await sight(world, target, document.uuid))) {
    throw new ClassifiedError('wrong_state', `a guest with the UUID of VM "${document.name}" runs on node "${target}" already`);
  }
  return {
    document,
    target,
    admits,
    lastNode: lastNodeAt(target),
    method: up ? 'live' : 'assigned',
    state: up ? 'start' : stateAtRest(document, sighting),
    defined: sighting !== undefined,
  };
}

async function targetOf(world: World, document: VmDocument, { node, selector }: Wish, admits: readonly DomainState[]): Promise<string> {
  if (node === document.node) throw new ClassifiedError('wrong_state', `VM "${document.name}" is on node "${node}" already`);
  const usual = selector ?? document.node_selector ?? undefined;
  return await placeFor(world, document, { node, selector: usual, claiming: arriving(document, admits) });
}

/** A dead node is not asked. It may still run what it was meant to run, so only what is at rest may leave it. */
async function sightingOf(world: World, { name, uuid, node, state }: VmDocument): Promise<DomainSighting | undefined> {
  const daemonState = world.cluster.node(node)?.daemon_state ?? 'dead';
  if (daemonState === 'run') return await sight(world, node, uuid);
  if (!mayHaveGuest({ state })) return undefined;
  const text = `VM "${name}" is in state "${state}" on node "${node}", which is not running (daemon state ${daemonState}); OP_NODE_EVACUATE starts its VMs on other nodes`;
  throw new ClassifiedError('wrong_state', text);
}

/** A VM that should run and was found down: one that was switched off is off, another one is still to be brought up. */
function stateAtRest({ state }: VmDocument, sighting: DomainSighting | undefined): VmState {
  if (!mayHaveGuest({ state })) return state;
  return state === 'shutdown' ? 'stop' : (stateAfter(sighting?.endReason).state ?? 'start');
}

export const moveSteps = (moving: Moving): Step[] => {
  const forget = moving.defined ? [forgetLeftDomain(moving)] : [];
  return moving.method === 'assigned'
    ? [assignVm(moving, moving.state), ...forget]
    : [recordDeparture(moving), moveGuest(moving, SHUTDOWN_TIMEOUT_S), recordArrival(moving), ...forget];
};

/** A guest on its way keeps both nodes busy. */
export const busyNodes = ({ method, document, target }: Moving): string[] => (method === 'live' ? [document.node, target] : []);

export const moveResult = ({ document, target, lastNode, method }: Moving, done: StepResults): ResultOf<typeof VmMigrate> => ({
  uuid: document.uuid,
  node: target,
  last_node: lastNode,
  method: method === 'live' && done.get(GUEST_MOVED) === 'cold' ? 'cold' : method,
});
