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
}

/** A name with a new UUID. */
export const newGuest = (name: string): Guest => ({ name, uuid: randomUUID() });

/** Its XML: 64 MiB, and `vcpus` virtual CPUs. */
export const guestXml = (guest: Guest, { acpi = true, vcpus = 1 } = {}): string => plainDomainXml('kvm', { ...guest, acpi, vcpus });

/** Adds a VM; a running one has its domain. */
export async function addGuest(
  { vms, world }: Pick<TestCluster, 'vms' | 'world'>,
  guest: Guest,
  { node = 'hv1', state = 'stop', acpi = true, failedReason = '' }: GuestWish = {},
): Promise<void> {
  const xml = guestXml(guest, { acpi });
  const document = { ...vmFromXml(xml), uuid: guest.uuid, state, node, last_node: '', failed_reason: failedReason, node_selector: null };
  await vms.create({ ...document, defined_by: 0 });
  if (state !== 'start') return;
  const hypervisor = await world.hypervisors.on(node);
  await hypervisor.define(xml);
  await hypervisor.start(guest.uuid);
}
