// The port to one node of the simulated world.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { NodeHypervisor } from '../hypervisor.js';
import type { Method, PlannedFailures } from './planned-failures.js';
import { define, end, find, memoryInUseMib, requestShutdown, resizeDisk, sight, start, undefine } from './simulated-domain.js';
import type { SimulatedMigrations } from './simulated-migrations.js';
import type { SimulatedNode } from './simulated-node.js';

/** environment_error, as from a hypervisor that does not answer. */
export function refuseUnreachable(node: SimulatedNode): void {
  if (node.isUnreachable()) throw new ClassifiedError('environment_error', `hypervisor ${node.size.name} does not answer`);
}

export function simulatedHypervisor(node: SimulatedNode, migrations: SimulatedMigrations, failures: PlannedFailures): NodeHypervisor {
  const { name, cpuCount, memoryMib } = node.size;
  const waiting = new Set<() => void>();
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

  return {
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
    domain: (uuid) =>
      call('domain', () => {
        const found = find(node.domains(), uuid);
        return found && sight(found);
      }),
    define: (xml) => call('define', () => node.change((domains) => define(domains, xml))),
    start: (uuid) => call('start', () => node.change((domains) => start(domains, uuid, memoryMib))),
    requestShutdown: (uuid) => call('requestShutdown', () => node.change((domains) => requestShutdown(domains, uuid))),
    destroy: (uuid) => call('destroy', () => node.change((domains) => end(domains, uuid, 'destroyed'))),
    undefine: (uuid) => call('undefine', () => node.change((domains) => undefine(domains, uuid))),
    migrate: (uuid, target) => call('migrate', () => untilClosed(migrations.migrate(node, uuid, target))),
    migrationProgress: (uuid) => call('migrationProgress', () => migrations.progress(node, uuid)),
    abortMigration: (uuid) => call('abortMigration', () => migrations.abort(node, uuid)),
    resizeDisk: (uuid, dev, sizeBytes) => call('resizeDisk', () => node.change((domains) => resizeDisk(domains, uuid, dev, sizeBytes))),
    defineCephSecret: (secret) => call('defineCephSecret', () => node.keepSecret(secret)),
    close: async () => {
      closed = true;
      for (const leave of waiting) leave();
    },
  };
}
