// What the coordinators' election of the primary goes by: the one lock that makes a node the primary, what operators wish, and who lives.
import { changesTo, compareAndSet } from './compare-and-set.js';
import type { LockRequest } from './locks.js';
import type { NodeReport } from './node-documents.js';
import { nodeReports } from './node-reports.js';
import type { Store } from './store.js';

/** Whoever holds it is the primary. */
export const PRIMARY_LOCK: LockRequest = { resource: 'primary', mode: 'exclusive' };

/** Kept for good. It is honoured only as far as coordinators live that can honour it: there is a primary as long as one lives. */
export interface PrimaryWish {
  /** This node, as long as its agent lives. */
  node?: string;
  /** Any other one, as long as another coordinator's agent lives. */
  notNode?: string;
}

export const PRIMARY_WISH = '/primary-wish';

export interface PrimaryElection {
  /** `onChange` is called once, at the next change. */
  wish(onChange?: () => void): Promise<PrimaryWish>;
  /** Once the signal has aborted nothing is changed any more, and its reason is thrown. */
  setWish(wish: PrimaryWish, signal: AbortSignal): Promise<void>;
  /** What the node's agent says it is; undefined: it does not live. */
  stateOf(node: string): Promise<NodeReport['coordinator_state'] | undefined>;
  /** Whether an agent lives that may become the primary, besides that of this node. */
  hasOther(node: string): Promise<boolean>;
  /** The node whose agent says that it is the primary. */
  primary(): Promise<string | undefined>;
  /** Whether this node may be the primary, as far as wishes go. */
  allows(node: string, wish: PrimaryWish): Promise<boolean>;
}

export function primaryElection(store: Store): PrimaryElection {
  const reports = nodeReports(store);
  const stateOf = async (node: string) => (await reports.find(node))?.coordinator_state;
  const statesOfAll = async () => [...(await reports.all())].map(([node, report]) => ({ node, state: report.coordinator_state }));
  const hasOther = async (node: string) => (await statesOfAll()).some((other) => other.node !== node && other.state !== 'client');

  return {
    wish: async (onChange) => wishIn((await store.get(PRIMARY_WISH, onChange))?.data),
    async setWish(wish, signal) {
      const decide = async () => {
        const present = await store.get(PRIMARY_WISH);
        const before = present && { value: wishIn(present.data), version: present.version };
        return { changes: changesTo(PRIMARY_WISH, before, wish), result: undefined };
      };
      await compareAndSet(store, decide, signal);
    },
    stateOf,
    hasOther,
    primary: async () => (await statesOfAll()).find(({ state }) => state === 'primary')?.node,
    async allows(node, wish) {
      if (wish.node !== undefined && wish.node !== node) return !isCoordinator(await stateOf(wish.node));
      return wish.notNode !== node || !(await hasOther(node));
    },
  };
}

const isCoordinator = (state: NodeReport['coordinator_state'] | undefined) => state === 'primary' || state === 'secondary';

/** A store that is new has an empty text there. */
const wishIn = (text: string | undefined) => (text ? (JSON.parse(text) as PrimaryWish) : {});
