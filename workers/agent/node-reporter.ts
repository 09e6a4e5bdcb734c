// Tells the cluster what an agent saw of its node. One report is written after the other, each with what the node is at that moment: so
// the last one written is always the last one meant.
import { reportNode, type NodeReport } from '../../src/cluster/node-documents.js';
import type { Store } from '../../src/cluster/store.js';
import { isUp, type DomainSighting, type HostFacts } from '../drivers/hypervisor.js';
import type { HostFigures } from './host-figures.js';
import type { Tenure } from './tenure.js';

export interface Look {
  host: HostFacts;
  figures: HostFigures;
  sightings: readonly DomainSighting[];
  unknown: NodeReport['unknown_domains'];
}

export interface NodeReporter {
  tell(look: Look): Promise<void>;
  /** Since the last look so much time has passed that it may not be true any more; nothing before the first look. */
  tellSilence(): Promise<void>;
  /** Once more, because what the node is has changed; nothing before the first look. */
  tellAgain(): Promise<void>;
}

/** Only while the node is this agent's: its report must not take the place of another one's. */
export function nodeReporter(
  store: Store,
  node: string,
  tenure: Pick<Tenure, 'held'>,
  coordinatorState: () => NodeReport['coordinator_state'],
): NodeReporter {
  let seen: Look | undefined;
  let isSilent = false;
  let turn: Promise<void> = Promise.resolve();

  const write = async () => {
    // Both in one go: the report is written within the session that holds the node, or not at all.
    if (seen !== undefined && tenure.held !== undefined) await reportNode(store, node, reportOf(seen, isSilent, coordinatorState()));
  };
  const tellAgain = () => {
    const told = turn.then(write);
    turn = told.catch(() => undefined);
    return told;
  };
  return {
    tellAgain,
    tell(look) {
      seen = look;
      isSilent = false;
      return tellAgain();
    },
    tellSilence() {
      isSilent = true;
      return tellAgain();
    },
  };
}

function reportOf(
  { host, figures, sightings, unknown }: Look,
  isSilent: boolean,
  coordinatorState: NodeReport['coordinator_state'],
): NodeReport {
  return {
    hypervisor_silent: isSilent,
    cpu_count: host.cpuCount,
    load: figures.load,
    coordinator_state: coordinatorState,
    memory_total: host.memoryTotalMib,
    memory_free: host.memoryFreeMib,
    running_domains: sightings.filter(isUp).map(({ uuid }) => uuid),
    unknown_domains: unknown,
    kernel: figures.kernel,
    os: figures.os,
    arch: host.arch || figures.arch,
    libvirt_version: host.libvirtVersion,
    qemu_version: host.qemuVersion,
  };
}
