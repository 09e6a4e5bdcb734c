// VMs of a test's cluster, put there without any job.
import { randomUUID } from 'node:crypto';
import type { VmState } from '../../schemas/resources/vm.js';
import { vmFromXml } from '../../src/cluster/vm-from-xml.js';
import { plainDomainXml } from '../drivers/plain-domain-xml.js';
import type { TestCluster } from './cluster.js';

export interface Guest {
  name: string;
  uuid: string;
}

export interface GuestWish {
  node?: string;
  /** Of the document; its domain runs when it is `start`. */
  state?: VmState;
  /** Whether the guest hears that it shall power off. */
  acpi?: boolean;
  failedReason?: string;
  /** The node that it was migrated from. */
  lastNode?: string;
  /** Whether it has a device of its host, and so cannot be moved while it runs. */
  hostDevice?: boolean;
  memoryMib?: number;
}

const HOST_DEVICE = "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/><product id='0xbeef'/></source></hostdev>";

/** A name with a new UUID. */
export const newGuest = (name: string): Guest => ({ name, uuid: randomUUID() });

/** Its XML. */
export const guestXml = (guest: Guest, { acpi = true, vcpus = 1, memoryMib = 64, hostDevice = false } = {}): string =>
  plainDomainXml('kvm', { ...guest, acpi, vcpus }, { memoryMib, devices: hostDevice ? HOST_DEVICE : '' });

/** Adds a VM; a running one has its domain. */
export async function addGuest(
  { vms, world }: Pick<TestCluster, 'vms' | 'world'>,
  guest: Guest,
  { node = 'hv1', state = 'stop', failedReason = '', lastNode = '', ...hardware }: GuestWish = {},
): Promise<void> {
  const xml = guestXml(guest, hardware);
  const document = {
    ...vmFromXml(xml),
    uuid: guest.uuid,
    state,
    node,
    last_node: lastNode,
    target_node: '',
    failed_reason: failedReason,
    node_selector: null,
  };
  await vms.create({ ...document, defined_by: 0 });
  if (state !== 'start') return;
  const hypervisor = await world.hypervisors.on(node);
  await hypervisor.define(xml);
  await hypervisor.start(guest.uuid);
}
