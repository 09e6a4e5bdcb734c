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

/** Where the data of a disk is. */
interface DiskSource {
  /** `file`, `block`, `volume`…; of a network disk its protocol: `rbd`. */
  type: string | null;
  /** `pool/volume` for rbd, `pool/volume@snapshot` for a snapshot; the path for a file or block device; null for an empty drive. */
  name: string | null;
}

export interface DomainDisk extends DiskSource {
  dev: string | null;
  bus: string | null;
  /** `disk`, `cdrom`, `floppy`, `lun`. */
  device: string;
  /** The guest cannot write to it. */
  readonly: boolean;
  /** Other guests may have it at the same time. */
  shareable: boolean;
  /** What it is laid over, from the uppermost down. */
  backing: DiskSource[];
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
  if (type !== 'volume') {
    const name = attribute(source, SOURCE_ATTRIBUTE.get(type) ?? type);
    // libvirt's other way to write `volume@snapshot`.
    const snapshot = type === 'network' ? attribute(element(source, 'snapshot'), 'name') : null;
    return name === null || snapshot === null ? name : `${name}@${snapshot}`;
  }
  const pool = attribute(source, 'pool');
  const volume = attribute(source, 'volume');
  return pool === null || volume === null ? null : `${pool}/${volume}`;
}

/** Of a `<disk>`, or of a `<backingStore>`. */
function sourceOf(holder: XmlElement): DiskSource {
  // libvirt takes a disk without a type for a file.
  const type = attribute(holder, 'type') ?? 'file';
  const source = element(holder, 'source');
  return { type: type === 'network' ? attribute(source, 'protocol') : type, name: diskName(type, source) };
}

/** The chain ends with an empty element, or without one where libvirt is to look for itself. */
function backingOf(diskElement: XmlElement): DiskSource[] {
  const chain: DiskSource[] = [];
  for (
    let below = element(diskElement, 'backingStore');
    below !== undefined && element(below, 'source') !== undefined;
    below = element(below, 'backingStore')
  ) {
    chain.push(sourceOf(below));
  }
  return chain;
}

function diskOf(diskElement: XmlElement): DomainDisk {
  const target = element(diskElement, 'target');
  const device = attribute(diskElement, 'device') ?? 'disk';
  return {
    ...sourceOf(diskElement),
    dev: attribute(target, 'dev'),
    bus: attribute(target, 'bus'),
    device,
    readonly: device === 'cdrom' || element(diskElement, 'readonly') !== undefined,
    shareable: element(diskElement, 'shareable') !== undefined,
    backing: backingOf(diskElement),
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
