// What an agent does for others: the methods of each port, by the names that they have in calls.
import { OSD_HOST_CHANGES } from './ceph-osd-host.js';
import { CHANGES } from './hypervisor.js';

interface WireMethod {
  /** In the port. */
  name: string;
  /** Whether it changes something, and so needs a fence. */
  changes: boolean;
}

/** By the name in calls. */
export type WireMethods = ReadonlyMap<string, WireMethod>;

const methodsOf = (prefix: string, changes: Readonly<Record<string, boolean>>): WireMethods =>
  new Map(Object.entries(changes).map(([name, does]) => [`${prefix}${name}`, { name, changes: does }]));

export const HYPERVISOR_METHODS = methodsOf('', CHANGES);
export const OSD_HOST_METHODS = methodsOf('osd.', OSD_HOST_CHANGES);
