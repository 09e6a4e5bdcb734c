// What it means for the cluster's state that a domain is seen on a node, or is not: the rules by which an agent follows reality.
import type { NodeReports } from '../../src/cluster/node-reports.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { mayHaveGuest } from '../../src/cluster/vm-states.js';
import { isUp, type DomainSighting } from '../drivers/hypervisor.js';

export interface Verdict {
  /** What the document becomes. */
  change?: Partial<VmDocument>;
  /** The domain that does not run is of no use any more. */
  undefine?: boolean;
  /** How long it must have looked like this: not at all, for some looks (what other agents tell is a moment old), or until the job that was at it can be taken for given up. */
  patience: 'none' | 'looks' | 'job';
}

const STARTED = { state: 'start', failed_reason: '', target_node: '' } as const;
const STOPPED = { ...STARTED, state: 'stop' } as const;

/**
 * `fine`: nothing is to be done until something changes; `wait`: nothing can be decided yet. `sighting` is what this node has of the
 * domain, undefined when it has none. `isClaimed`: its guest has a claim on the node, and as much of it as it uses.
 */
export async function judge(
  node: string,
  document: VmDocument,
  sighting: DomainSighting | undefined,
  reports: NodeReports,
  isClaimed = true,
): Promise<Verdict | 'fine' | 'wait'> {
  if (document.node !== node) return isUp(sighting) ? await judgeStranger(node, document, reports) : judgeLeftover(document, sighting);
  if (isUp(sighting)) return document.state === 'start' && isClaimed ? 'fine' : { change: STARTED, patience: patienceWith(document) };
  return await judgeDown(node, document, sighting, reports);
}

/** While a VM is on its way, the job that moves it is at it, or will be taken up. */
const patienceWith = ({ state }: VmDocument) => (state === 'migrate' ? 'job' : 'none');

/** It runs here, but the cluster has it on another node: adopted if that node's agent lives and says that it does not run there. */
async function judgeStranger(node: string, { uuid, state, ...document }: VmDocument, reports: NodeReports): Promise<Verdict | 'wait'> {
  const report = await reports.find(document.node);
  if (report === undefined || report.hypervisor_silent || report.running_domains.includes(uuid)) return 'wait';
  const lastNode = document.last_node === node ? '' : document.last_node;
  return {
    change: { ...STARTED, node, last_node: lastNode },
    patience: state === 'migrate' || document.target_node !== '' ? 'job' : 'looks',
  };
}

/** What a migration by hand leaves behind would be in the way of the next one. */
function judgeLeftover({ state, target_node }: VmDocument, sighting: DomainSighting | undefined): Verdict | 'fine' {
  const isLeft = sighting?.endReason === 'migrated' && state !== 'migrate' && target_node === '';
  return isLeft ? { undefine: true, patience: 'looks' } : 'fine';
}

/** Ended by the guest itself or by hand: stopped. Ended otherwise, or gone: it shall run, and the primary's watcher sees to that. */
async function judgeDown(
  node: string,
  document: VmDocument,
  sighting: DomainSighting | undefined,
  reports: NodeReports,
): Promise<Verdict | 'fine' | 'wait'> {
  const patience = patienceWith(document);
  const undefine = sighting === undefined ? {} : { undefine: true };
  const nothing = sighting === undefined ? 'fine' : ({ undefine: true, patience } as const);
  if (!mayHaveGuest(document)) return nothing;
  const reason = sighting?.endReason;
  const wasMeant = reason === 'shutdown' || reason === 'destroyed' || document.state === 'shutdown';
  if (wasMeant || reason === 'migrated') {
    // Who has it running adopts it.
    if (await runsElsewhere(node, document.uuid, reports)) return 'wait';
    if (wasMeant) return { change: STOPPED, ...undefine, patience };
    // It must not be started here: it may run where no agent sees it.
    const text = `the guest was migrated away from ${node} past rapid, and no agent reports it`;
    return {
      change: { ...STARTED, state: 'fail', failed_reason: text },
      undefine: true,
      patience: patience === 'none' ? 'looks' : patience,
    };
  }
  return document.state === 'start' ? nothing : { change: STARTED, ...undefine, patience };
}

async function runsElsewhere(node: string, uuid: string, reports: NodeReports): Promise<boolean> {
  return [...(await reports.all())].some(([name, { running_domains }]) => name !== node && running_domains.includes(uuid));
}
