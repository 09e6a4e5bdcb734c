// libvirt domain XML to what this project wants to know of a VM. libvirt stays the judge of the XML as a whole; here is
// refused what would break the project itself, or what could only fail later, in a job.
import { controllersOf, type DomainController, type DomainDisk, type DomainNetwork, disksOf, networksOf } from './domain-devices.js';
import { faultOfName } from './domain-name.js';
import { canonicalUuid, looksLikeUuid } from './domain-uuid.js';
import { memoryInMib } from './memory-size.js';
import { readXml } from './read-xml.js';
import { attribute, element, elements, text, type XmlElement } from './xml-element.js';
import { wrongXml } from './xml-markup.js';

/** What a domain's XML says; null where it says nothing. */
export interface DomainDescription {
  /** `kvm`, `qemu`… */
  type: string | null;
  name: string;
  /** Lower case with dashes; missing when the XML leaves it to libvirt. */
  uuid?: string;
  title: string | null;
  /** Empty when there is none. */
  description: string;
  /** Rounded up. */
  memoryMib: number;
  vcpus: number;
  /** `sockets/cores/threads`. */
  vcpuTopology: string | null;
  /** `hvm`… */
  osType: string;
  arch: string | null;
  machine: string | null;
  consoleType: string | null;
  emulator: string | null;
  /** Names of the elements under `<features>`. */
  features: string[];
  networks: DomainNetwork[];
  disks: DomainDisk[];
  controllers: DomainController[];
  /** Whether the guest has ACPI: without it, it cannot see a request to power off. */
  acpi: boolean;
}

// libvirt keeps the count in an unsigned short.
const MAX_VCPUS = 65_535;

function nameOf(domain: XmlElement): string {
  const name = text(element(domain, 'name'));
  if (name === null) throw wrongXml('<name> is missing');
  const fault = faultOfName(name);
  if (fault !== undefined) throw wrongXml(`<name> ${fault}`);
  return name;
}

function uuidOf(domain: XmlElement): string | undefined {
  const uuid = text(element(domain, 'uuid'));
  if (uuid === null) return undefined;
  if (!looksLikeUuid(uuid)) throw wrongXml(`<uuid> ${JSON.stringify(uuid.slice(0, 64))} is not a UUID`);
  return canonicalUuid(uuid);
}

function memoryOf(domain: XmlElement): number {
  const memory = element(domain, 'memory');
  const amount = text(memory);
  if (amount === null) throw wrongXml('<memory> is missing');
  const mib = memoryInMib(amount, attribute(memory, 'unit') ?? '');
  if (typeof mib === 'string') throw wrongXml(`<memory> ${mib}`);
  return mib;
}

function vcpusOf(domain: XmlElement): number {
  const count = (text(element(domain, 'vcpu')) ?? '1').trim();
  const vcpus = /^\d{1,9}$/.test(count) ? Number(count) : 0;
  if (vcpus < 1 || vcpus > MAX_VCPUS) {
    throw wrongXml(`<vcpu> ${JSON.stringify(count.slice(0, 20))} is not a whole number from 1 to ${MAX_VCPUS}`);
  }
  return vcpus;
}

function topologyOf(domain: XmlElement): string | null {
  const topology = element(element(domain, 'cpu'), 'topology');
  const counts = ['sockets', 'cores', 'threads'].map((unit) => attribute(topology, unit));
  return counts.includes(null) ? null : counts.join('/');
}

function osTypeOf(os: XmlElement | undefined): string {
  const type = text(element(os, 'type'))?.trim();
  if (!type) throw wrongXml('<os><type> is missing');
  return type;
}

/**
 * Reads libvirt domain XML. Throws wrong_input naming what is wrong: not well-formed, a document type or entity declaration,
 * more than 1 MiB, another root than `<domain>`, or a name, UUID, memory, vcpu, os type, MAC address or disk target that will not do.
 */
export function parseDomainXml(xml: string): DomainDescription {
  const domain = readXml(xml);
  if (domain.name !== 'domain') throw wrongXml(`the root is <${domain.name.slice(0, 40)}>, not <domain>`);
  const os = element(domain, 'os');
  const osType = element(os, 'type');
  const devices = element(domain, 'devices');
  const uuid = uuidOf(domain);
  const features = elements(element(domain, 'features')).map(({ name }) => name);
  return {
    type: attribute(domain, 'type'),
    name: nameOf(domain),
    ...(uuid === undefined ? {} : { uuid }),
    title: text(element(domain, 'title')),
    description: text(element(domain, 'description')) ?? '',
    memoryMib: memoryOf(domain),
    vcpus: vcpusOf(domain),
    vcpuTopology: topologyOf(domain),
    osType: osTypeOf(os),
    arch: attribute(osType, 'arch'),
    machine: attribute(osType, 'machine'),
    consoleType: attribute(element(devices, 'console'), 'type'),
    emulator: text(element(devices, 'emulator')),
    features,
    networks: networksOf(devices),
    disks: disksOf(devices),
    controllers: controllersOf(devices),
    acpi: features.includes('acpi'),
  };
}
