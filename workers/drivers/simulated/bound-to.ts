// Which guests of the simulated world cannot be migrated live, as libvirt judges it: those with something of the host in their hands.
import { attribute, element, elements, type XmlElement } from '../../../src/domain-xml/xml-element.js';
import { readXml } from '../../../src/domain-xml/read-xml.js';

/** No file of the simulated world is on a shared file system. Only what is never written does no harm, whatever its cache mode. */
function isLocalDisk(disk: XmlElement): boolean {
  if (attribute(disk, 'type') !== 'file' || attribute(element(disk, 'source'), 'file') === null) return false;
  return element(disk, 'readonly') === undefined && attribute(disk, 'device') !== 'cdrom';
}

/** What of the domain's devices keeps the running guest where it is, in words, or undefined. */
export function boundTo(xml: string): string | undefined {
  const devices = elements(element(readXml(xml), 'devices'));
  if (devices.some(({ name }) => name === 'hostdev')) return 'it has a host device';
  if (devices.some((device) => device.name === 'disk' && isLocalDisk(device))) return 'it has a disk that is not shared';
  return undefined;
}
