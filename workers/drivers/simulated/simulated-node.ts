// One hypervisor node of the simulated world: its domains, changed one operation at a time, each written down before it counts.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import { type Domains, end, type Outcome, type SimulatedDomain } from './simulated-domain.js';
import type { WorldStore } from './world-store.js';

export interface NodeSize {
  name: string;
  cpuCount: number;
  memoryMib: number;
}

export interface SimulatedNode {
  readonly size: NodeSize;
  domains(): Domains;
  /** Applies an operation after those before it. Rejects with what the operation throws or returns as its error. */
  change(operation: (domains: Domains) => Outcome): Promise<void>;
  unreachable(is: boolean): void;
  isUnreachable(): boolean;
  close(): Promise<void>;
}

export async function openSimulatedNode(size: NodeSize, store: WorldStore, shutdownDelayMs: number): Promise<SimulatedNode> {
  const domains = new Map((await store.read(size.name)).map((domain) => [domain.uuid, domain]));
  const shutdowns = new Map<string, NodeJS.Timeout>();
  let unreachable = false;
  let closed = false;
  let last: Promise<void> = Promise.resolve();

  function change(operation: (domains: Domains) => Outcome): Promise<void> {
    const changed = last.then(() => apply(operation));
    last = changed.catch(() => undefined);
    return changed;
  }

  async function apply(operation: (domains: Domains) => Outcome): Promise<void> {
    if (closed) throw new ClassifiedError('environment_error', `the simulated node ${size.name} is closed`);
    const { put, forget, error } = operation(domains);
    if (put !== undefined) {
      await store.put(size.name, put);
      domains.set(put.uuid, put);
      followShutdown(put);
    }
    if (forget !== undefined) {
      await store.forget(size.name, forget);
      domains.delete(forget);
    }
    if (error !== undefined) throw error;
  }

  /** The guest takes its time to power off, unless something else ends it first. */
  function followShutdown({ uuid, shuttingDown }: SimulatedDomain): void {
    if (shuttingDown && shutdowns.has(uuid)) return;
    clearTimeout(shutdowns.get(uuid));
    shutdowns.delete(uuid);
    if (!shuttingDown) return;
    const powerOff = () => {
      shutdowns.delete(uuid);
      // The world may have been closed meanwhile; its folder remembers that the guest was on its way.
      change((all) => (all.get(uuid)?.shuttingDown ? end(all, uuid, 'shutdown') : {})).catch(() => undefined);
    };
    shutdowns.set(uuid, setTimeout(powerOff, shutdownDelayMs));
  }

  for (const domain of domains.values()) followShutdown(domain);
  return {
    size,
    domains: () => domains,
    change,
    unreachable(is) {
      unreachable = is;
    },
    isUnreachable: () => unreachable,
    async close() {
      for (const timer of shutdowns.values()) clearTimeout(timer);
      await last;
      closed = true;
    },
  };
}
