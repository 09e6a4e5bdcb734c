// Tells the cluster what an agent saw of its node. One report is written after the other, each with what the node is at that moment: so
// the last one written is always the last one meant.
import { reportNode, type NodeReport } from '../../src/cluster/node-documents.js';
import type { Store } from '../../src/cluster/store.js';
import type { DomainSighting, HostFacts } from '../drivers/hypervisor.js';
import type { HostFigures } from './host-figures.js';

export interface Look {
  host: HostFacts;
  figures: HostFigures;
  sightings: readonly DomainSighting[];
  unknown: NodeReport['unknown_domains'];
}

export interface NodeReporter {
  tell(look: Look): Promise<void>;
  /** Once more, because what the node is has changed; nothing before the first look. */
  tellAgain(): Promise<void>;
}

export const isUp = (sighting: DomainSighting | undefined): boolean => sighting?.state === 'running' || sighting?.state === 'paused';

export function nodeReporter(store: Store, node: string, coordinatorState: () => NodeReport['coordinator_state']): NodeReporter {
  let seen: Look | undefined;
  let turn: Promise<void> = Promise.resolve();

  const write = async () => {
    if (seen !== undefined) await reportNode(store, node, reportOf(seen, coordinatorState()));
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
      return tellAgain();
    },
  };
}

function reportOf({ host, figures, sightings, unknown }: Look, coordinatorState: NodeReport['coordinator_state']): NodeReport {
  return {
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
