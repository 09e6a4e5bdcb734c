// The port to one node of the simulated world.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { Hypervisor } from '../hypervisor.js';
import type { Method, PlannedFailures } from './planned-failures.js';
import { define, end, find, memoryInUseMib, requestShutdown, sight, start, undefine } from './simulated-domain.js';
import type { SimulatedNode } from './simulated-node.js';

/** environment_error, as from a hypervisor that does not answer. */
export function refuseUnreachable(node: SimulatedNode): void {
  if (node.isUnreachable()) throw new ClassifiedError('environment_error', `hypervisor ${node.size.name} does not answer`);
}

export function simulatedHypervisor(node: SimulatedNode, failures: PlannedFailures): Hypervisor {
  const { name, cpuCount, memoryMib } = node.size;
  let closed = false;

  function call<T>(method: Method, work: () => T | Promise<T>): Promise<T> {
    return failures.around(method, async () => {
      if (closed) throw new ClassifiedError('environment_error', `the connection to hypervisor ${name} is closed`);
      refuseUnreachable(node);
      return work();
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
    close: async () => {
      closed = true;
    },
  };
}
