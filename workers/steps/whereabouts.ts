// Where the guest of a VM is that is being moved between two nodes. What the hypervisors know is the only memory of how far a move has come:
// a domain is defined on the other node before its guest is shut down to be started there.
import type { DomainState } from '../../schemas/resources/node.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { isUp, type DomainSighting, type EndReason } from '../drivers/hypervisor.js';
import { pollUntil } from '../engine/interruption.js';
import type { StepContext } from '../engine/opcode.js';
import type { World } from '../engine/world.js';

/** A VM on its way from the node in its document to another one. */
export interface Journey {
  /** As it was before; `target_node` is empty. */
  document: VmDocument;
  target: string;
  /** Its `last_node` when it has arrived. */
  lastNode: string;
  /** The states in which the target may be to take it. */
  admits: readonly DomainState[];
}

/** `between`: shut down on one node to be started on the other. `ended`: by itself, on the way. `ended there`: by itself, after it arrived. */
export type Place = 'here' | 'there' | 'between' | 'ended' | 'ended there';

export interface Whereabouts {
  place: Place;
  /** The domain on the node that it leaves. */
  here: DomainSighting | undefined;
  /** The domain on the node that it goes to. */
  there: DomainSighting | undefined;
}

const POLL_MS = 200;
/** Between the two ends of a live migration there is a moment at which both have the domain. */
const HANDING_OVER_MS = 20_000;
/** Of a domain that was defined and never ran. */
const NEVER_RAN: ReadonlySet<EndReason | undefined> = new Set(['unknown', 'failed']);

/** A domain that is defined and does not run, other than what a live migration has left. */
export const isLeftDown = (sighting: DomainSighting | undefined): boolean =>
  sighting !== undefined && !isUp(sighting) && sighting.endReason !== 'migrated';

export const sight = async ({ hypervisors }: World, node: string, uuid: string): Promise<DomainSighting | undefined> =>
  await (await hypervisors.on(node)).domain(uuid);

/** Looks at both nodes. Throws environment_error when what it sees leaves room for doubt, or both run the guest. */
export async function whereabouts({ world, signal }: StepContext, { document, target }: Journey): Promise<Whereabouts> {
  const look = (node: string) => glance(sight(world, node, document.uuid), signal);
  let found: Whereabouts | undefined;
  const compare = async () => {
    const [before, there, here] = [await look(document.node), await look(target), await look(document.node)];
    const silent = silence(here, there);
    if (silent !== undefined) {
      found = silent;
      return true;
    }
    // It may have gone from one to the other between two looks.
    if (isUp(before.sighting) !== isUp(here.sighting)) return false;
    const returns = isUp(here.sighting) && isUp(there.sighting) && (await hasOutgoing(world, target, document.uuid));
    found = { place: placeOf(here.sighting, there.sighting, returns), here: here.sighting, there: there.sighting };
    return !isBeingHandedOver(found, returns);
  };
  await pollUntil(compare, POLL_MS, HANDING_OVER_MS, signal);
  if (found === undefined) throw new ClassifiedError('environment_error', `VM "${document.name}" does not stay on any node`);
  if (found.here?.state === 'running' && found.there?.state === 'running') {
    throw new ClassifiedError('environment_error', `VM "${document.name}" runs on node "${document.node}" and on node "${target}"`);
  }
  return found;
}

interface Glance {
  sighting: DomainSighting | undefined;
  /** Why the hypervisor could not be asked. */
  error?: unknown;
}

async function glance(looking: Promise<DomainSighting | undefined>, signal: AbortSignal): Promise<Glance> {
  try {
    return { sighting: await looking };
  } catch (error) {
    signal.throwIfAborted();
    return { sighting: undefined, error };
  }
}

/** With one of the two silent: a guest that is seen running on the other one is there, because it runs in one place at a time. */
function silence(here: Glance, there: Glance): Whereabouts | undefined {
  if (here.error === undefined && there.error === undefined) return undefined;
  if (here.sighting?.state === 'running') return { place: 'here', here: here.sighting, there: undefined };
  if (there.sighting?.state === 'running') return { place: 'there', here: undefined, there: there.sighting };
  throw here.error ?? there.error;
}

const hasOutgoing = async ({ hypervisors }: World, node: string, uuid: string): Promise<boolean> =>
  (await (await hypervisors.on(node)).migrationProgress(uuid)) !== undefined;

/** While a live migration is under way, the end that receives has the domain paused. */
function placeOf(here: DomainSighting | undefined, there: DomainSighting | undefined, returns: boolean): Place {
  if (isUp(here) && isUp(there)) return returns || there?.state === 'running' ? 'there' : 'here';
  if (isUp(here)) return 'here';
  if (isUp(there)) return 'there';
  if (there === undefined) return 'ended';
  return NEVER_RAN.has(there.endReason) ? 'between' : 'ended there';
}

/** Whether a live migration to the other node is just ending, well or badly: then it is seen in a moment. */
function isBeingHandedOver({ here, there }: Whereabouts, returns: boolean): boolean {
  if (isUp(here)) return here?.state === 'paused' && there?.state === 'running' && !returns;
  return there?.state === 'paused' && isLeftDown(here);
}
