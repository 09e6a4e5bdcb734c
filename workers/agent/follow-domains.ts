// Makes the cluster's state follow what really happens to the domains of a node: a guest that powers itself off, is started by hand, or is
// moved here past rapid. While a job holds the VM's lock, the job knows better, and the agent looks again later.
import type { GuestSize, Ledger } from '../../src/cluster/claims.js';
import { fencedStore } from '../../src/cluster/fence.js';
import type { Locks } from '../../src/cluster/locks.js';
import type { NodeReports } from '../../src/cluster/node-reports.js';
import type { Store } from '../../src/cluster/store.js';
import { vmDocuments, type VmDocument } from '../../src/cluster/vm-documents.js';
import { isUp, type AgentHypervisor, type DomainSighting } from '../drivers/hypervisor.js';
import type { KnownDocuments } from './known-documents.js';
import { DOWN_LOOKS } from './pace.js';
import type { Tenure } from './tenure.js';
import { judge, type Verdict } from './verdict.js';

/** Locks taken by an agent are shown with this in place of a job. */
const AGENT = { job: 0, opcode: 'agent' };
/** A job whose worker died is taken up long before. */
const GIVEN_UP_MS = 30_000;

export interface FollowerParts {
  node: string;
  hypervisor: AgentHypervisor;
  store: Store;
  tenure: Tenure;
  documents: KnownDocuments;
  /** The node's claims, as last seen. */
  ledger(): Promise<Ledger>;
  reports: NodeReports;
  locks: Locks;
  intervalMs: number;
  /** The VMs that were on the node when the agent began, by UUID. */
  known: Iterable<string>;
}

export interface Follower {
  /** Compares the node's domains with the cluster's state and mends the state. */
  follow(sightings: readonly DomainSighting[]): Promise<void>;
}

/** What was last seen of a domain, and of its VM, and found to agree; undefined looks agree with nothing. */
interface Settled {
  looks: string | undefined;
  document: VmDocument | undefined;
}

const sizeSeen = ({ memoryMib, vcpus }: DomainSighting): GuestSize => ({ memory_mib: memoryMib, vcpus });

const isAsLarge = (claim: GuestSize | undefined, size: GuestSize): boolean =>
  claim?.memory_mib === size.memory_mib && claim.vcpus === size.vcpus;

/** All guests that are down ask the same of the other nodes: read once a look. What is decided is decided by what is read anew. */
function readOnce({ find, all }: NodeReports): NodeReports {
  let read: ReturnType<NodeReports['all']> | undefined;
  return { find, all: () => (read ??= all()) };
}

const UNSETTLED: Settled = { looks: undefined, document: undefined };

export function followDomains(parts: FollowerParts): Follower {
  const { node, hypervisor, store, tenure, documents, ledger, reports, locks, intervalMs, known } = parts;
  const settled = new Map<string, Settled>([...known].map((uuid) => [uuid, UNSETTLED]));
  /** Since when a VM that no job is at has looked as it does, where that must last for a while. */
  const waiting = new Map<string, { looks: string; sinceMs: number }>();
  const patienceMs: Record<Verdict['patience'], number> = { none: 0, looks: DOWN_LOOKS * intervalMs, job: GIVEN_UP_MS };

  const hasLasted = (uuid: string, looks: string, ms: number): boolean => {
    if (ms === 0) return true;
    const before = waiting.get(uuid);
    if (before?.looks === looks) return performance.now() - before.sinceMs >= ms;
    waiting.set(uuid, { looks, sinceMs: performance.now() });
    return false;
  };

  /** Answers whether nothing is left to be done until something changes. */
  const settle = async (
    uuid: string,
    sighting: DomainSighting | undefined,
    document: VmDocument | undefined,
    isClaimed: boolean,
    inThisLook: NodeReports,
  ): Promise<boolean> => {
    // What is seen of a guest in doubt may change at any moment, by nobody's doing. A domain that the cluster does not know is none of its business.
    const isInDoubt = hypervisor.doubtOf(uuid) !== undefined;
    const verdict = document === undefined ? 'fine' : isInDoubt ? 'wait' : await judge(node, document, sighting, inThisLook, isClaimed);
    if (verdict === 'fine' || verdict === 'wait') {
      waiting.delete(uuid);
      return verdict === 'fine';
    }
    const held = await locks.tryAcquire([{ mode: 'exclusive', resource: `vm/${uuid}` }], AGENT);
    if (held === undefined) {
      waiting.delete(uuid);
      return false;
    }
    try {
      if (!hasLasted(uuid, JSON.stringify(verdict), patienceMs[verdict.patience])) return false;
      const vms = vmDocuments(fencedStore(store, held.entries));
      // Between the look and the lock a job may have ended.
      const [current, now] = [await vms.find(uuid), await hypervisor.domain(uuid)];
      if (current === undefined) return true;
      const still = await judge(node, current, now, reports, isClaimed);
      if (still === 'fine') return true;
      if (still === 'wait' || still.patience !== verdict.patience) return false;
      // What runs uses the node, whether or not there was room for it: nobody else is let in for that.
      const claiming = now !== undefined && isUp(now) ? { size: sizeSeen(now) } : undefined;
      if (still.change !== undefined) await vms.update(uuid, (latest) => ({ ...latest, ...still.change }), held.lost, claiming);
      const permit = () => tenure.assertHeld(held.entries, held.lost);
      if (still.undefine === true && now !== undefined) await hypervisor.under(permit).undefine(uuid);
      waiting.delete(uuid);
      return true;
    } finally {
      await held.release();
    }
  };

  return {
    async follow(sightings) {
      const present = new Map(sightings.map((sighting) => [sighting.uuid, sighting]));
      const claims = await ledger();
      const inThisLook = readOnce(reports);
      for (const uuid of new Set([...present.keys(), ...settled.keys()])) {
        const sighting = present.get(uuid);
        const isClaimed = sighting === undefined || !isUp(sighting) || isAsLarge(claims[uuid], sizeSeen(sighting));
        const looks = sighting === undefined ? 'gone' : `${sighting.state} ${sighting.endReason ?? ''} ${isClaimed ? '' : 'unclaimed'}`;
        const document = await documents(uuid);
        const before = settled.get(uuid);
        if (before?.looks === looks && before.document === document) continue;
        if (!(await settle(uuid, sighting, document, isClaimed, inThisLook))) settled.set(uuid, UNSETTLED);
        else if (sighting === undefined) settled.delete(uuid);
        else settled.set(uuid, { looks, document });
      }
    },
  };
}
