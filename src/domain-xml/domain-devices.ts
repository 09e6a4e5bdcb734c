// The devices of a domain, as far as an API client asks for them: network interfaces, disks and controllers.
import { attribute, element, elements, type XmlElement } from './xml-element.js';
import { wrongXml } from './xml-markup.js';

export interface DomainNetwork {
  type: string | null;
  /** Lower case, two digits a byte. */
  mac: string | null;
  /** The bridge, network or host device that it is plugged into. */
  source: string | null;
  model: string | null;
}

export interface DomainDisk {
  /** `file`, `block`, `volume`…; of a network disk its protocol: `rbd`. */
  type: string | null;
  /** `pool/volume` for rbd; the path for a file or block device; null for an empty drive. */
  name: string | null;
  dev: string | null;
  bus: string | null;
}

export interface DomainController {
  type: string | null;
  model: string | null;
}

/** Which attribute of a disk's `<source>` names it, by disk type. */
const SOURCE_ATTRIBUTE: ReadonlyMap<string, string> = new Map([
  ['file', 'file'],
  ['block', 'dev'],
  ['dir', 'dir'],
  ['network', 'name'],
]);

function macOf(networkElement: XmlElement): string | null {
  const address = attribute(element(networkElement, 'mac'), 'address');
  if (address === null) return null;
  const bytes = address.split(':');
  if (bytes.length !== 6 || !bytes.every((byte) => /^[0-9a-f]{1,2}$/i.test(byte))) {
    throw wrongXml(`MAC address ${JSON.stringify(address.slice(0, 40))} is malformed`);
  }
  // The lowest bit of the first byte marks a group address; libvirt refuses those too.
  if (Number.parseInt(bytes[0] ?? '', 16) & 1) throw wrongXml(`MAC address ${address} is a multicast address`);
  return bytes.map((byte) => byte.padStart(2, '0').toLowerCase()).join(':');
}

function networkOf(networkElement: XmlElement): DomainNetwork {
  const type = attribute(networkElement, 'type');
  const source = element(networkElement, 'source');
  return {
    type,
    mac: macOf(networkElement),
    source: (type === null ? null : attribute(source, type)) ?? attribute(source, 'dev'),
    model: attribute(element(networkElement, 'model'), 'type'),
  };
}

function diskName(type: string, source: XmlElement | undefined): string | null {
  if (type !== 'volume') return attribute(source, SOURCE_ATTRIBUTE.get(type) ?? type);
  const pool = attribute(source, 'pool');
  const volume = attribute(source, 'volume');
  return pool === null || volume === null ? null : `${pool}/${volume}`;
}

function diskOf(diskElement: XmlElement): DomainDisk {
  // libvirt takes a disk without a type for a file.
  const type = attribute(diskElement, 'type') ?? 'file';
  const source = element(diskElement, 'source');
  const target = element(diskElement, 'target');
  return {
    type: type === 'network' ? attribute(source, 'protocol') : type,
    name: diskName(type, source),
    dev: attribute(target, 'dev'),
    bus: attribute(target, 'bus'),
  };
}

function checkTargetsDiffer(disks: readonly DomainDisk[]): void {
  const seen = new Set<string>();
  for (const { dev } of disks) {
    if (dev === null) continue;
    if (seen.has(dev)) throw wrongXml(`two disks have the target ${JSON.stringify(dev.slice(0, 40))}`);
    seen.add(dev);
  }
}

/** Throws wrong_input for a malformed MAC address. */
export function networksOf(devices: XmlElement | undefined): DomainNetwork[] {
  return elements(devices, 'interface').map(networkOf);
}

/** Throws wrong_input when two disks share a target. */
export function disksOf(devices: XmlElement | undefined): DomainDisk[] {
  const disks = elements(devices, 'disk').map(diskOf);
  checkTargetsDiffer(disks);
  return disks;
}

export function controllersOf(devices: XmlElement | undefined): DomainController[] {
  return elements(devices, 'controller').map((controller) => ({
    type: attribute(controller, 'type'),
    model: attribute(controller, 'model'),
  }));
}
