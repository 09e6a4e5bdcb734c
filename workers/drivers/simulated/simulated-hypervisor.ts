// The port to one node of the simulated world.
import type { Permit } from '../../../src/cluster/permit.js';
import { canonicalUuid } from '../../../src/domain-xml/domain-uuid.js';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import { type Doubts, inDoubt } from '../doubts.js';
import { guestIn, type GuestTurns } from '../guest-turns.js';
import type { DomainSighting, NodeHypervisor } from '../hypervisor.js';
import type { Method, PlannedFailures, PlannedHangs } from './planned-failures.js';
import {
  define,
  type Domains,
  end,
  find,
  memoryInUseMib,
  type Outcome,
  requestShutdown,
  resizeDisk,
  sight,
  start,
  undefine,
} from './simulated-domain.js';
import type { SimulatedMigrations } from './simulated-migrations.js';
import type { SimulatedNode } from './simulated-node.js';

/** What all who reach a node share. */
export interface SimulatedHost {
  node: SimulatedNode;
  migrations: SimulatedMigrations;
  failures: PlannedFailures;
  hangs: PlannedHangs;
  turns: GuestTurns;
  doubts: Doubts;
}

/** environment_error, as from a hypervisor that does not answer. */
export function refuseUnreachable(node: SimulatedNode): void {
  if (node.isUnreachable()) throw new ClassifiedError('environment_error', `hypervisor ${node.size.name} does not answer`);
}

export function simulatedHypervisor({ node, migrations, failures, hangs, turns, doubts }: SimulatedHost): NodeHypervisor {
  const { name, cpuCount, memoryMib } = node.size;
  const waiting = new Set<() => void>();
  /** The migrations that were asked for here and have not begun, by the guest; an abort is heard by those too. */
  const asked = new Map<string, AbortController>();
  let closed = false;
  const closedError = () => new ClassifiedError('environment_error', `the connection to hypervisor ${name} is closed`);

  function call<T>(method: Method, work: () => T | Promise<T>): Promise<T> {
    return failures.around(method, async () => {
      if (closed) throw closedError();
      refuseUnreachable(node);
      return work();
    });
  }

  /** What is waited for goes on without who waited. */
  function untilClosed(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => reject(closedError());
      waiting.add(leave);
      void work.then(resolve, reject).finally(() => waiting.delete(leave));
    });
  }

  async function domain(uuid: string): Promise<DomainSighting | undefined> {
    const guest = canonicalUuid(uuid);
    return await turns.take(guest, async () => {
      const found = find(node.domains(), guest);
      const seen = found && sight(found);
      const doubt = doubts.of(guest);
      if (doubt !== undefined && seen?.state !== 'running') throw inDoubt(guest, doubt);
      return seen;
    });
  }

  /** Given up by who asked for it, while the node may still do it. */
  function leaveInDoubt(guest: string, method: Method, work: () => Promise<void>, answered: Promise<void>): never {
    doubts.add(guest, { method, since: new Date() }, false);
    void answered
      .then(work)
      .catch(() => undefined)
      .finally(() => doubts.remove(guest));
    throw new ClassifiedError('environment_error', `hypervisor ${name}: no answer to ${method}`);
  }

  async function change(
    method: Method,
    guest: string | undefined,
    permit: Permit,
    operation: (domains: Domains) => Outcome,
  ): Promise<void> {
    await turns.take(guest, async () => {
      if (guest !== undefined) await doubts.refuse(guest);
      // Not with the whole node in hand: others would wait for it.
      await permit();
      const answered = hangs.met(method);
      if (answered === undefined || guest === undefined) return await node.change(operation);
      leaveInDoubt(guest, method, () => node.change(operation), answered);
    });
  }

  async function migrate(uuid: string, target: Parameters<NodeHypervisor['migrate']>[1], permit: Permit): Promise<void> {
    const guest = canonicalUuid(uuid);
    const stop = asked.get(guest) ?? new AbortController();
    asked.set(guest, stop);
    // From its beginning on it shows in its progress, so others may pass.
    const begin = async () => {
      await doubts.refuse(guest);
      await permit();
      stop.signal.throwIfAborted();
      const answered = hangs.met('migrate');
      if (answered !== undefined) leaveInDoubt(guest, 'migrate', () => migrations.migrate(node, guest, target), answered);
      return { ended: migrations.migrate(node, guest, target) };
    };
    const { ended } = await turns.take(guest, begin).finally(() => asked.delete(guest));
    await untilClosed(ended);
  }

  const looks = {
    host: () =>
      call('host', () => ({
        cpuCount,
        memoryTotalMib: memoryMib,
        memoryFreeMib: memoryMib - memoryInUseMib(node.domains()),
        arch: 'x86_64',
        libvirtVersion: 'simulated',
        qemuVersion: '',
      })),
    domains: () => call('domains', () => [...node.domains().values()].map(sight)),
    domain: (uuid: string) => call('domain', () => domain(uuid)),
    migrationProgress: (uuid: string) =>
      call('migrationProgress', () => turns.take(canonicalUuid(uuid), async () => migrations.progress(node, uuid))),
    doubtOf: (uuid: string) => doubts.of(canonicalUuid(uuid)),
    close: async () => {
      closed = true;
      for (const leave of waiting) leave();
    },
  };

  function under(permit: Permit): NodeHypervisor {
    const changeOf = (method: Method, uuid: string, operation: (domains: Domains) => Outcome) =>
      call(method, () => change(method, canonicalUuid(uuid), permit, operation));
    return {
      ...looks,
      under,
      define: (xml) => call('define', () => change('define', guestIn(xml), permit, (domains) => define(domains, xml))),
      start: (uuid) => changeOf('start', uuid, (domains) => start(domains, uuid, memoryMib)),
      requestShutdown: (uuid) => changeOf('requestShutdown', uuid, (domains) => requestShutdown(domains, uuid)),
      destroy: (uuid) => changeOf('destroy', uuid, (domains) => end(domains, uuid, 'destroyed')),
      undefine: (uuid) => changeOf('undefine', uuid, (domains) => undefine(domains, uuid)),
      migrate: (uuid, target) => call('migrate', () => migrate(uuid, target, permit)),
      abortMigration: (uuid) =>
        call('abortMigration', async () => {
          const guest = canonicalUuid(uuid);
          await permit();
          const unwanted = new ClassifiedError('environment_error', 'the migration was aborted before it began');
          asked.get(guest)?.abort(unwanted);
          migrations.abort(node, guest);
        }),
      resizeDisk: (uuid, dev, sizeBytes) => changeOf('resizeDisk', uuid, (domains) => resizeDisk(domains, uuid, dev, sizeBytes)),
      defineCephSecret: (secret) =>
        call('defineCephSecret', async () => {
          await permit();
          node.keepSecret(secret);
        }),
    };
  }
  return under(async () => undefined);
}
