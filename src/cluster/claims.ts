// Who uses how much of each node: a ledger a node, written in the same commit as the VM's document. A VM that may have a guest has a claim on
// its node, and on the node that it is on its way to, for as long as its document says so; nobody has to remember to give one back.
//
// A claim is as large as the guest that runs, which may be another than the one that the document describes by now.
import type { DomainState } from '../../schemas/resources/node.js';
import { ClassifiedError } from '../errors/classified-error.js';
import { changesTo, compareAndSet, readJson } from './compare-and-set.js';
import { nodePath, readNode } from './node-documents.js';
import { nodeReports } from './node-reports.js';
import type { Change, Store } from './store.js';
import type { VmDocument } from './vm-documents.js';
import { mayHaveGuest } from './vm-states.js';

export const CLAIMS = '/claims';

export interface GuestSize {
  memory_mib: number;
  vcpus: number;
}

export interface Claim extends GuestSize {
  /** The job that started the guest; absent when nobody knows. */
  started_by?: number;
}

/** A node's claims by the VM's UUID. */
export type Ledger = Readonly<Record<string, Claim>>;

/** What a change of a VM's document asks of the node that it brings the guest to, or of the one that it is on. */
export interface Claiming {
  /** Absent: as large as it is, or as its document says when it has no claim yet. */
  size?: GuestSize;
  /** What it has stays if that is more: the guest may run on as it is. */
  orMore?: boolean;
  /**
   * The node must have room; and be in one of these states, unless the VM has a claim there already. Absent: the guest is there, so it is
   * claimed whatever the node is like.
   */
  admits?: readonly DomainState[];
}

/** As much of a VM as its claims depend on. */
export type Claimant = Pick<VmDocument, 'uuid' | 'memory' | 'vcpu' | 'state' | 'node' | 'target_node'>;

/** A node that takes VMs. */
export const READY: readonly DomainState[] = ['ready'];
/** For a guest that is there, or was a moment ago. Whoever comes back to a node that is being emptied is still waited for; later it is not. */
export const NOT_YET_EMPTIED: readonly DomainState[] = ['ready', 'flush', 'unflush'];
export const WHATEVER_STATE: readonly DomainState[] = [...NOT_YET_EMPTIED, 'flushed'];

export interface Claims {
  on(node: string): Promise<Ledger>;
  /** As `assertAdmitted`, whether or not there is room. */
  assertReady(node: string, states: readonly DomainState[]): Promise<void>;
  /** Whether the node is in one of the states and has room now: throws unknown_entity, wrong_state or insufficient_resources. */
  assertAdmitted(node: string, vm: Claimant, claiming: Claiming): Promise<void>;
  /** Notes who starts the guest. wrong_state: the VM has no claim on the node (any more), so nothing of it may be started there. */
  noteStarter(node: string, vm: { uuid: string; name: string }, job: number, signal: AbortSignal): Promise<void>;
  /** The node that is being emptied becomes `flushed`, unless somebody has a claim on it; answers who, by UUID. */
  closeEmptied(node: string, signal: AbortSignal): Promise<string[]>;
}

export const ledgerPath = (node: string) => `${CLAIMS}/${node}`;
const readLedger = (store: Store, node: string) => readJson<Ledger>(store, ledgerPath(node));

/** What a guest uses that is started from the document. */
export const sizeOf = ({ memory, vcpu }: Pick<VmDocument, 'memory' | 'vcpu'>): GuestSize => ({ memory_mib: memory, vcpus: vcpu });

/** The nodes on which the VM has a claim. */
function claimedBy(document: Claimant | undefined): string[] {
  if (document === undefined || !mayHaveGuest(document)) return [];
  const { node, target_node: target } = document;
  return target === '' || target === node ? [node] : [node, target];
}

/** The changes of ledgers that go with a change of a VM's document. Throws as `assertAdmitted` when a node does not admit it. */
export async function claimsOf(
  store: Store,
  before: VmDocument | undefined,
  after: VmDocument | undefined,
  claiming?: Claiming,
): Promise<Change[]> {
  const [left, kept] = [claimedBy(before), claimedBy(after)];
  const asked = after === undefined || claiming === undefined ? undefined : after.target_node || after.node;
  const [given, taken] = [left.filter((node) => !kept.includes(node)), kept.filter((node) => node === asked || !left.includes(node))];
  const changes = [
    ...given.map((node) => release(store, node, before)),
    ...taken.map((node) => claim(store, node, after, claimedBy(before), node === asked ? claiming : admitting(claiming))),
  ];
  // A VM without a guest takes no room, but goes to no node that takes none.
  if (asked !== undefined && !kept.includes(asked) && claiming?.admits !== undefined)
    changes.push(readiness(store, asked, claiming.admits));
  return (await Promise.all(changes)).flat();
}

async function release(store: Store, node: string, document: VmDocument | undefined): Promise<Change[]> {
  const present = await readLedger(store, node);
  if (present === undefined || document === undefined) return [];
  const { [document.uuid]: _, ...others } = present.value;
  return changesTo(ledgerPath(node), present, others);
}

async function claim(
  store: Store,
  node: string,
  vm: Claimant | undefined,
  /** Where it may have a claim already. */
  before: readonly string[],
  { size, orMore = false, admits }: Claiming = {},
): Promise<Change[]> {
  if (vm === undefined) return [];
  const present = await readLedger(store, node);
  const { [vm.uuid]: mine, ...others } = present?.value ?? {};
  const usual = mine ?? (await claimElsewhere(store, vm.uuid, before)) ?? sizeOf(vm);
  const wanted = size === undefined ? usual : orMore ? larger(size, usual) : size;
  const ready = admits === undefined || mine !== undefined ? [] : await readiness(store, node, admits);
  if (admits !== undefined && wanted.memory_mib > (mine?.memory_mib ?? 0)) assertRoom(node, await reportedMib(store, node), others, wanted);
  const changes = changesTo(ledgerPath(node), present, { ...others, [vm.uuid]: { ...mine, ...wanted } });
  return changes.length === 0 ? [] : [...ready, ...changes];
}

/** Its size is that of the guest on the node that it goes to; all nodes must admit it. */
const admitting = (claiming: Claiming | undefined): Claiming => (claiming?.admits === undefined ? {} : { admits: claiming.admits });

/** A VM that comes from another node is as large as it is there. */
async function claimElsewhere(store: Store, uuid: string, nodes: readonly string[]): Promise<GuestSize | undefined> {
  for (const node of nodes) {
    const found = (await readLedger(store, node))?.value[uuid];
    if (found !== undefined) return { memory_mib: found.memory_mib, vcpus: found.vcpus };
  }
  return undefined;
}

const larger = (one: GuestSize, other: GuestSize): GuestSize => ({
  memory_mib: Math.max(one.memory_mib, other.memory_mib),
  vcpus: Math.max(one.vcpus, other.vcpus),
});

/** A check that the node is in one of these states and stays in it until the claim stands. */
async function readiness(store: Store, node: string, states: readonly DomainState[]): Promise<Change[]> {
  const present = await readNode(store, node);
  await reportedMib(store, node);
  const { domain_state: state } = present.value;
  if (!states.includes(state)) throw new ClassifiedError('wrong_state', `node "${node}" is not ready (domain state ${state})`);
  return [{ kind: 'check', path: nodePath(node), version: present.version }];
}

/** What the node has, by its agent's report. */
async function reportedMib(store: Store, node: string): Promise<number> {
  const report = await nodeReports(store).find(node);
  if (report !== undefined && !report.hypervisor_silent) return report.memory_total;
  const state = report === undefined ? 'dead' : 'hung';
  throw new ClassifiedError('wrong_state', `node "${node}" is not running (daemon state ${state})`);
}

function assertRoom(node: string, totalMib: number, others: Ledger, { memory_mib: neededMib }: GuestSize): void {
  const shortage = shortageOf(totalMib - sumOf(others).memory_mib, neededMib);
  if (shortage !== undefined) throw new ClassifiedError('insufficient_resources', `node "${node}" ${shortage}`);
}

export const shortageOf = (leftMib: number, neededMib: number): string | undefined =>
  leftMib < neededMib ? `has ${leftMib} MiB left, of the ${neededMib} MiB that the VM needs` : undefined;

export function sumOf(ledger: Ledger): GuestSize {
  const sum = { memory_mib: 0, vcpus: 0 };
  for (const { memory_mib, vcpus } of Object.values(ledger)) {
    sum.memory_mib += memory_mib;
    sum.vcpus += vcpus;
  }
  return sum;
}

export function claims(store: Store): Claims {
  return {
    on: async (node) => (await readLedger(store, node))?.value ?? {},
    async assertReady(node, states) {
      await readiness(store, node, states);
    },
    async assertAdmitted(node, vm, claiming) {
      if (claiming.admits !== undefined) await readiness(store, node, claiming.admits);
      await claim(store, node, vm, claimedBy(vm), claiming);
    },
    async noteStarter(node, { uuid, name }, job, signal) {
      const decide = async () => {
        const present = await readLedger(store, node);
        const mine = present?.value[uuid];
        if (mine === undefined)
          throw new ClassifiedError('wrong_state', `VM "${name}" has no claim on node "${node}": it is not started there`);
        const ledger = { ...present?.value, [uuid]: { ...mine, started_by: job } };
        return { changes: changesTo(ledgerPath(node), present, ledger), result: undefined };
      };
      await compareAndSet(store, decide, signal);
    },
    async closeEmptied(node, signal) {
      const decide = async () => {
        const [document, ledger] = [await readNode(store, node), await readLedger(store, node)];
        const left = Object.keys(ledger?.value ?? {});
        const closed = changesTo(nodePath(node), document, { ...document.value, domain_state: 'flushed' });
        // Nobody comes in while it is being closed.
        const unclaimed: Change[] = ledger === undefined ? [] : [{ kind: 'check', path: ledgerPath(node), version: ledger.version }];
        return { changes: left.length > 0 || closed.length === 0 ? [] : [...unclaimed, ...closed], result: left };
      };
      return await compareAndSet(store, decide, signal);
    },
  };
}
