// Live migrations in the simulated world. They belong to the world, not to who asked for them. Until the last moment the guest runs
// at its source and nothing is written down; then it changes nodes in one go.
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalUuid } from '../../../src/domain-xml/domain-uuid.js';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { MigrationProgress, MigrationTarget } from '../hypervisor.js';
import { arriving, leaving } from './simulated-domain.js';
import type { SimulatedNode } from './simulated-node.js';
import type { WorldStore } from './world-store.js';

export interface SimulatedMigrations {
  migrate(source: SimulatedNode, uuid: string, target: MigrationTarget): Promise<void>;
  progress(source: SimulatedNode, uuid: string): MigrationProgress | undefined;
  abort(source: SimulatedNode, uuid: string): void;
  /** Those under way come to nothing. */
  close(): Promise<void>;
}

interface Migration {
  progress(): MigrationProgress;
  stop: AbortController;
  ended: Promise<void>;
}

/** What stands before a node's name in its address. */
const SCHEME = 'simulated://';
const MIB = 1024 * 1024;
/** How soon a migration notices that one of its ends is gone. */
const LOOK_EVERY_MS = 50;
const EXPECTED_DOWNTIME_MS = 50;

const failed = (text: string) => new ClassifiedError('environment_error', text);

export function simulateMigrations(
  nodes: ReadonlyMap<string, SimulatedNode>,
  store: WorldStore,
  worldMibPerS: number,
): SimulatedMigrations {
  /** By source and UUID. */
  const underWay = new Map<string, Migration>();
  const key = (source: SimulatedNode, uuid: string) => `${source.size.name} ${canonicalUuid(uuid)}`;
  let closed = false;

  /** The node of an address, as seen from the source. */
  function nodeAt(uri: string, source: SimulatedNode): SimulatedNode {
    const node = uri.startsWith(SCHEME) ? nodes.get(uri.slice(SCHEME.length)) : undefined;
    if (node === undefined) throw failed(`no hypervisor answers at ${JSON.stringify(uri)}`);
    if (node === source) throw failed(`${uri} is where the guest runs already`);
    refuseCut(source, node);
    return node;
  }

  function refuseCut(...ends: SimulatedNode[]): void {
    const silent = ends.find((node) => node.isUnreachable());
    if (silent !== undefined) throw failed(`hypervisor ${silent.size.name} does not answer`);
  }

  async function handOver(source: SimulatedNode, target: SimulatedNode, uuid: string, stop: AbortSignal): Promise<void> {
    const [first, second] = source.size.name < target.size.name ? [source, target] : [target, source];
    await first.exclusively(() =>
      second.exclusively(async () => {
        stop.throwIfAborted();
        refuseCut(source, target);
        const arrived = arriving(target.domains(), leaving(source.domains(), uuid), target.size.memoryMib);
        await store.move(source.size.name, target.size.name, arrived);
        source.drop(uuid);
        target.settle(arrived);
      }),
    );
  }

  /** Sends the memory, at its pace. */
  async function send(source: SimulatedNode, target: SimulatedNode, uuid: string, leftMs: () => number, stop: AbortSignal): Promise<void> {
    while (leftMs() > 0) {
      await sleep(Math.min(leftMs(), LOOK_EVERY_MS), undefined, { signal: stop }).catch(() => undefined);
      stop.throwIfAborted();
      refuseCut(source, target);
      leaving(source.domains(), uuid);
    }
  }

  function begin(source: SimulatedNode, uuid: string, { uri, bandwidthMibPerS }: MigrationTarget): Migration {
    const guest = leaving(source.domains(), uuid);
    const target = nodeAt(uri, source);
    arriving(target.domains(), guest, target.size.memoryMib);
    const bytesTotal = guest.running.memoryMib * MIB;
    const bytesPerMs = (Math.min(worldMibPerS, bandwidthMibPerS || Number.POSITIVE_INFINITY) * MIB) / 1000;
    const beganMs = performance.now();
    const sent = () => Math.min(bytesTotal, Math.floor((performance.now() - beganMs) * bytesPerMs));
    const leftMs = () => (bytesTotal - sent()) / bytesPerMs;
    const stop = new AbortController();
    return {
      progress: () => ({
        bytesTotal,
        bytesProcessed: sent(),
        bytesRemaining: bytesTotal - sent(),
        expectedDowntimeMs: EXPECTED_DOWNTIME_MS,
      }),
      stop,
      ended: send(source, target, guest.uuid, leftMs, stop.signal).then(() => handOver(source, target, guest.uuid, stop.signal)),
    };
  }

  return {
    async migrate(source, uuid, target) {
      const id = key(source, uuid);
      const known = underWay.get(id);
      if (known !== undefined) return await known.ended;
      if (closed) throw failed('the simulated world is closed');
      const migration = begin(source, uuid, target);
      underWay.set(id, migration);
      try {
        await migration.ended;
      } finally {
        underWay.delete(id);
      }
    },
    progress: (source, uuid) => underWay.get(key(source, uuid))?.progress(),
    abort: (source, uuid) => underWay.get(key(source, uuid))?.stop.abort(failed('the migration was aborted')),
    async close() {
      closed = true;
      const all = [...underWay.values()];
      for (const { stop } of all) stop.abort(failed('the simulated world is closed'));
      await Promise.allSettled(all.map(({ ended }) => ended));
    },
  };
}
