// One hypervisor node of the simulated world: its domains, changed one operation at a time, each written down before it counts.
import { canonicalUuid } from '../../../src/domain-xml/domain-uuid.js';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import { type Domains, end, type Outcome, type SimulatedDomain } from './simulated-domain.js';
import type { CephSecret } from '../hypervisor.js';
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
  /** Lets nothing change the node while the work is done. Several nodes are taken in the order of their names. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** What is written down already comes to be, or ceases. Only within `exclusively`. */
  settle(domain: SimulatedDomain): void;
  drop(uuid: string): void;
  /** Cut off: it does not answer, nor can other nodes reach it; its guests run on. */
  unreachable(is: boolean): void;
  /** Off: it does not answer, and its guests ended with it. On again, it knows them still, and not how they ended. */
  power(on: boolean): Promise<void>;
  isUnreachable(): boolean;
  /** Forgotten with the process; whoever has kept it keeps it again. */
  keepSecret(secret: CephSecret): void;
  secrets(): CephSecret[];
  close(): Promise<void>;
}

export async function openSimulatedNode(size: NodeSize, store: WorldStore, shutdownDelayMs: number): Promise<SimulatedNode> {
  const domains = new Map((await store.read(size.name)).map((domain) => [domain.uuid, domain]));
  const secrets = new Map<string, CephSecret>();
  const shutdowns = new Map<string, NodeJS.Timeout>();
  let cutOff = false;
  let poweredOn = true;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();

  function exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(() => {
      if (closed) throw new ClassifiedError('environment_error', `the simulated node ${size.name} is closed`);
      return work();
    });
    last = done.catch(() => undefined);
    return done;
  }

  const change = (operation: (domains: Domains) => Outcome): Promise<void> => exclusively(() => apply(operation));

  async function apply(operation: (domains: Domains) => Outcome): Promise<void> {
    const { put, forget, error } = operation(domains);
    if (put !== undefined) {
      await store.put(size.name, put);
      settle(put);
    }
    if (forget !== undefined) {
      await store.forget(size.name, forget);
      drop(forget);
    }
    if (error !== undefined) throw error;
  }

  function settle(domain: SimulatedDomain): void {
    domains.set(domain.uuid, domain);
    followShutdown(domain);
  }

  function drop(uuid: string): void {
    domains.delete(uuid);
    clearTimeout(shutdowns.get(uuid));
    shutdowns.delete(uuid);
  }

  async function power(on: boolean): Promise<void> {
    poweredOn = on;
    if (!on) await Promise.all([...domains.keys()].map((uuid) => change((all) => end(all, uuid, 'unknown'))));
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
    exclusively,
    settle,
    drop,
    unreachable(is) {
      cutOff = is;
    },
    power,
    keepSecret(secret) {
      secrets.set(canonicalUuid(secret.uuid), secret);
    },
    secrets: () => [...secrets.values()],
    isUnreachable: () => cutOff || !poweredOn,
    async close() {
      for (const timer of shutdowns.values()) clearTimeout(timer);
      await last;
      closed = true;
    },
  };
}
