// Makes the cluster's state follow what really happens to the domains of a node: a guest that powers itself off, crashes, or is started
// by hand. While a job holds the VM's lock, the job knows better, and the agent looks again later.
import type { VmState } from '../../schemas/resources/vm.js';
import type { Locks } from '../../src/cluster/locks.js';
import type { VmDocument, VmDocuments } from '../../src/cluster/vm-documents.js';
import type { DomainSighting, Hypervisor } from '../drivers/hypervisor.js';

/** Locks taken by an agent are shown with this in place of a job. */
const AGENT = { job: 0, opcode: 'agent' };

export interface Follower {
  /** Compares the node's domains with the cluster's state and mends the state. */
  follow(sightings: DomainSighting[]): Promise<void>;
}

/** What a sighting means for the VM; undefined: the state is right already. */
function stateSeen(
  document: VmDocument,
  node: string,
  sighting: DomainSighting | undefined,
): Pick<VmDocument, 'state' | 'failed_reason'> | undefined {
  if (document.node !== node) return undefined;
  if (sighting?.state === 'running' || sighting?.state === 'paused') {
    return document.state === 'start' ? undefined : { state: 'start', failed_reason: '' };
  }
  const meantToBeUp: VmState[] = ['start', 'restart', 'shutdown'];
  if (!meantToBeUp.includes(document.state)) return undefined;
  const crashed = sighting?.state === 'crashed' || sighting?.endReason === 'crashed' || sighting?.endReason === 'failed';
  return crashed ? { state: 'fail', failed_reason: `the guest crashed on ${node}` } : { state: 'stop', failed_reason: '' };
}

/** `known` are the VMs that were on the node when the agent began, by UUID. */
export function followDomains(node: string, hypervisor: Hypervisor, vms: VmDocuments, locks: Locks, known: Iterable<string>): Follower {
  /** What was last seen of each domain, and found to agree with the cluster's state. */
  const settled = new Map<string, string>([...known].map((uuid) => [uuid, 'not looked at yet']));

  const settle = async (uuid: string, sighting: DomainSighting | undefined): Promise<boolean> => {
    const document = await vms.find(uuid);
    // A domain that the cluster does not know is none of its business.
    if (document === undefined) return true;
    const seen = stateSeen(document, node, sighting);
    const ended = sighting !== undefined && sighting.state !== 'running' && sighting.state !== 'paused';
    if (seen === undefined && !ended) return true;
    const held = await locks.tryAcquire([{ mode: 'exclusive', resource: `vm/${uuid}` }], AGENT);
    if (held === undefined) return false;
    try {
      // Between the look and the lock a job may have ended.
      const now = await hypervisor.domain(uuid);
      const updated = await vms.update(uuid, (current) => ({ ...current, ...stateSeen(current, node, now) }), held.lost);
      if (updated.node === node && now !== undefined && now.state !== 'running' && now.state !== 'paused') await hypervisor.undefine(uuid);
      return true;
    } finally {
      await held.release();
    }
  };

  return {
    async follow(sightings) {
      const present = new Map(sightings.map((sighting) => [sighting.uuid, sighting]));
      for (const uuid of new Set([...present.keys(), ...settled.keys()])) {
        const sighting = present.get(uuid);
        const looks = sighting === undefined ? 'gone' : `${sighting.state} ${sighting.endReason ?? ''}`;
        if (settled.get(uuid) === looks) continue;
        if (!(await settle(uuid, sighting))) continue;
        if (sighting === undefined) settled.delete(uuid);
        else settled.set(uuid, looks);
      }
    },
  };
}
