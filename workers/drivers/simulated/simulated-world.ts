// A cluster's hypervisors without any hypervisor: what the embedded default runs on, and what the tests of everything above the
// drivers run against. Kept in a folder, it outlives the process as real guests do: those that ran still run.
import { canonicalUuid } from '../../../src/domain-xml/domain-uuid.js';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { EndReason, Fence, NodeHypervisor } from '../hypervisor.js';
import { createDoubts } from '../doubts.js';
import { guestTurns } from '../guest-turns.js';
import { type PlannedFailures, type PlannedHangs, planFailures, planHangs } from './planned-failures.js';
import { end, type SimulatedDomain } from './simulated-domain.js';
import { refuseUnreachable, type SimulatedHost, simulatedHypervisor } from './simulated-hypervisor.js';
import { simulateMigrations } from './simulated-migrations.js';
import { type NodeSize, openSimulatedNode, type SimulatedNode } from './simulated-node.js';
import { forgetfulStore, openWorldStore } from './world-store.js';

export interface WorldOptions {
  nodes: NodeSize[];
  /** The folder that keeps the world; without one it ends with the process. */
  directory?: string;
  /** How long a guest with ACPI takes to power off when asked. */
  shutdownDelayMs?: number;
  /** How fast guests' memory passes from node to node, which is how long a migration takes. */
  migrationMibPerS?: number;
}

export interface SimulatedWorld {
  hypervisors: { on(node: string, fence?: Fence): Promise<NodeHypervisor> };
  /** The guest powers itself off; nothing when it does not run. */
  powerOff(uuid: string): Promise<void>;
  /** The guest ends by itself, badly; nothing when it does not run. */
  crash(uuid: string): Promise<void>;
  /** To cut a node off or to switch it off, and back. Throws unknown_entity: no such node. */
  node: (name: string) => Pick<SimulatedNode, 'unreachable' | 'power' | 'secrets'>;
  failNext: PlannedFailures['failNext'];
  hangNext: PlannedHangs['hangNext'];
  /** All there is, by node and in order of UUIDs: two worlds are alike when these are equal. */
  snapshot(): Record<string, SimulatedDomain[]>;
  close(): Promise<void>;
}

const DEFAULT_SHUTDOWN_DELAY_MS = 50;
const DEFAULT_MIGRATION_MIB_PER_S = 4096;
/** How long a call waits for its guest's turn. */
const PATIENCE_MS = 60_000;

function byUuid(a: SimulatedDomain, b: SimulatedDomain): number {
  return a.uuid < b.uuid ? -1 : 1;
}

/** environment_error: the folder cannot be opened, or another process has it open. */
export async function openSimulatedWorld({
  nodes: sizes,
  directory,
  shutdownDelayMs = DEFAULT_SHUTDOWN_DELAY_MS,
  migrationMibPerS = DEFAULT_MIGRATION_MIB_PER_S,
}: WorldOptions): Promise<SimulatedWorld> {
  const store = directory === undefined ? forgetfulStore : await openWorldStore(directory);
  const opened = await Promise.all(sizes.map((size) => openSimulatedNode(size, store, shutdownDelayMs)));
  const nodes = new Map(opened.map((node) => [node.size.name, node]));
  const failures = planFailures();
  const hangs = planHangs();
  const migrations = simulateMigrations(nodes, store, migrationMibPerS);
  const hosts = new Map(
    opened.map((node) => [
      node.size.name,
      { node, migrations, failures, hangs, turns: guestTurns(PATIENCE_MS), doubts: createDoubts(PATIENCE_MS) },
    ]),
  );

  function hostNamed(name: string): SimulatedHost {
    const host = hosts.get(name);
    if (host === undefined) throw new ClassifiedError('unknown_entity', `no node is called ${JSON.stringify(name)}`);
    return host;
  }

  async function endEverywhere(uuid: string, reason: EndReason): Promise<void> {
    const canonical = canonicalUuid(uuid);
    await Promise.all(opened.map((node) => node.change((domains) => end(domains, canonical, reason))));
  }

  return {
    hypervisors: {
      async on(name) {
        const host = hostNamed(name);
        refuseUnreachable(host.node);
        return simulatedHypervisor(host);
      },
    },
    powerOff: (uuid) => endEverywhere(uuid, 'shutdown'),
    crash: (uuid) => endEverywhere(uuid, 'crashed'),
    node: (name) => hostNamed(name).node,
    failNext: failures.failNext,
    hangNext: hangs.hangNext,
    snapshot: () =>
      Object.fromEntries(opened.map((node) => [node.size.name, structuredClone([...node.domains().values()]).toSorted(byUuid)])),
    async close() {
      await migrations.close();
      await Promise.all(opened.map((node) => node.close()));
      await store.close();
    },
  };
}
