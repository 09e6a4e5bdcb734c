// A domain of the simulated world, and what the operations of the port make of it: pure functions from the domains of a node to
// what changes. They follow libvirt with QEMU.
import { randomUUID } from 'node:crypto';
import { parseDomainXml } from '../../../src/domain-xml/domain-description.js';
import { canonicalUuid } from '../../../src/domain-xml/domain-uuid.js';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import { boundTo } from './bound-to.js';
import type { DomainSighting, EndReason } from '../hypervisor.js';

/** What a guest is given when it starts. */
interface Hardware {
  memoryMib: number;
  vcpus: number;
  acpi: boolean;
  /** The targets of its disks, when it has any. */
  disks?: string[];
  /** The sizes that it was told of while it runs. */
  toldBytes?: Record<string, number>;
  /** What of it forbids a live migration, if something does. */
  bound?: string;
}

export interface SimulatedDomain {
  uuid: string;
  name: string;
  /** As last defined; a running guest keeps what it was started with. */
  xml: string;
  defined: Hardware;
  running: Hardware | null;
  /** A guest that runs and was asked to power off, and will. */
  shuttingDown: boolean;
  /** Why it does not run. */
  endReason: EndReason;
}

export type Domains = ReadonlyMap<string, SimulatedDomain>;

/** What an operation does to the domains of a node: one is put, one is forgotten, or none; and it may fail all the same. */
export interface Outcome {
  put?: SimulatedDomain;
  forget?: string;
  error?: ClassifiedError;
}

export function sight({ uuid, name, defined, running, endReason }: SimulatedDomain): DomainSighting {
  const { memoryMib, vcpus } = running ?? defined;
  const state = running ? ({ state: 'running' } as const) : ({ state: 'shutoff', endReason } as const);
  return { uuid, name, ...state, memoryMib, vcpus };
}

/** What the running guests hold, in MiB. */
export function memoryInUseMib(domains: Domains): number {
  return [...domains.values()].reduce((sum, { running }) => sum + (running?.memoryMib ?? 0), 0);
}

/** The domain of that UUID. Throws wrong_input: it is no UUID. */
export function find(domains: Domains, uuid: string): SimulatedDomain | undefined {
  return domains.get(canonicalUuid(uuid));
}

function known(domains: Domains, uuid: string): SimulatedDomain {
  const domain = find(domains, uuid);
  if (domain === undefined) throw new ClassifiedError('unknown_entity', `no domain has the UUID ${canonicalUuid(uuid)}`);
  return domain;
}

function refuseClash(domains: Domains, name: string, uuid: string): void {
  const clash = [...domains.values()].find((other) => (other.name === name) !== (other.uuid === uuid));
  if (clash) throw new ClassifiedError('already_exists', `domain ${clash.name} is defined with the UUID ${clash.uuid}`);
}

export function define(domains: Domains, xml: string): Outcome {
  const { name, uuid = randomUUID(), memoryMib, vcpus, acpi, disks } = parseDomainXml(xml);
  refuseClash(domains, name, uuid);
  const before = domains.get(uuid) ?? { running: null, shuttingDown: false, endReason: 'unknown' as const };
  const bound = boundTo(xml);
  const devs = disks.flatMap(({ dev }) => dev ?? []);
  const more = { ...(devs.length === 0 ? {} : { disks: devs }), ...(bound === undefined ? {} : { bound }) };
  return { put: { ...before, uuid, name, xml, defined: { memoryMib, vcpus, acpi, ...more } } };
}

export function start(domains: Domains, uuid: string, nodeMemoryMib: number): Outcome {
  const domain = known(domains, uuid);
  if (domain.running) return {};
  const freeMib = nodeMemoryMib - memoryInUseMib(domains);
  if (domain.defined.memoryMib > freeMib) {
    const text = `domain ${domain.name} needs ${domain.defined.memoryMib} MiB of memory, ${freeMib} MiB are free`;
    return { put: { ...domain, endReason: 'failed' }, error: new ClassifiedError('insufficient_resources', text) };
  }
  return { put: { ...domain, running: domain.defined, shuttingDown: false } };
}

/** A guest without ACPI does not hear it. */
export function requestShutdown(domains: Domains, uuid: string): Outcome {
  const domain = known(domains, uuid);
  return domain.running?.acpi ? { put: { ...domain, shuttingDown: true } } : {};
}

export function resizeDisk(domains: Domains, uuid: string, dev: string, sizeBytes: number): Outcome {
  const domain = known(domains, uuid);
  const { name, running } = domain;
  if (running === null) throw new ClassifiedError('wrong_state', `domain ${name} is not running`);
  if (running.disks?.includes(dev) !== true) throw new ClassifiedError('wrong_input', `domain ${name} has no disk ${dev}`);
  return { put: { ...domain, running: { ...running, toldBytes: { ...running.toldBytes, [dev]: sizeBytes } } } };
}

/** Ends a running guest for that reason; nothing when it does not run or is not known. */
export function end(domains: Domains, uuid: string, endReason: EndReason): Outcome {
  const domain = find(domains, uuid);
  return domain?.running ? { put: { ...domain, running: null, shuttingDown: false, endReason } } : {};
}

export function undefine(domains: Domains, uuid: string): Outcome {
  const domain = find(domains, uuid);
  if (domain === undefined) return {};
  if (domain.running) throw new ClassifiedError('wrong_state', `domain ${domain.name} is running`);
  return { forget: domain.uuid };
}

/** The guest that is to leave. Throws unknown_entity: it does not run; wrong_state: it cannot leave while it runs. */
export function leaving(domains: Domains, uuid: string): SimulatedDomain & { running: Hardware } {
  const domain = known(domains, uuid);
  const { name, running } = domain;
  if (running === null) throw new ClassifiedError('unknown_entity', `domain ${name} is not running`);
  if (running.bound !== undefined) throw new ClassifiedError('wrong_state', `domain ${name} cannot be migrated live: ${running.bound}`);
  return { ...domain, running };
}

/**
 * That guest at the node where it arrives, in the place of one that is off and has its name and UUID. Throws already_exists: the UUID
 * or the name is taken there; environment_error: the node has no room for it.
 */
export function arriving(domains: Domains, guest: ReturnType<typeof leaving>, nodeMemoryMib: number): SimulatedDomain {
  const { name, uuid, running } = guest;
  if (domains.get(uuid)?.running) throw new ClassifiedError('already_exists', `domain ${name} is running there already`);
  refuseClash(domains, name, uuid);
  const freeMib = nodeMemoryMib - memoryInUseMib(domains);
  if (running.memoryMib > freeMib) {
    throw new ClassifiedError(
      'environment_error',
      `domain ${name} needs ${running.memoryMib} MiB of memory, ${freeMib} MiB are free there`,
    );
  }
  return { ...guest, endReason: 'unknown' };
}
