// What a VM's libvirt XML says, in the words of `GET /api/v1/vm`.
import { parseDomainXml } from '../domain-xml/domain-description.js';
import type { Vm } from '../../schemas/resources/vm.js';

export type VmFromXml = Pick<
  Vm,
  | 'name'
  | 'description'
  | 'memory'
  | 'vcpu'
  | 'vcpu_topology'
  | 'networks'
  | 'type'
  | 'arch'
  | 'machine'
  | 'console'
  | 'emulator'
  | 'features'
  | 'disks'
  | 'controllers'
  | 'xml'
>;

/** Throws wrong_input when the XML is none of a domain. */
export function vmFromXml(xml: string): VmFromXml {
  const domain = parseDomainXml(xml);
  return {
    name: domain.name,
    description: domain.description,
    memory: domain.memoryMib,
    vcpu: domain.vcpus,
    vcpu_topology: domain.vcpuTopology,
    networks: domain.networks,
    type: domain.osType,
    arch: domain.arch,
    machine: domain.machine,
    console: domain.consoleType,
    emulator: domain.emulator,
    features: domain.features,
    disks: domain.disks,
    controllers: domain.controllers,
    xml,
  };
}

/** The part of a document that comes from the XML. */
export function definitionOf({
  name,
  description,
  memory,
  vcpu,
  vcpu_topology,
  networks,
  type,
  arch,
  machine,
  ...rest
}: VmFromXml): VmFromXml {
  const { console, emulator, features, disks, controllers, xml } = rest;
  return {
    ...{ name, description, memory, vcpu, vcpu_topology, networks, type, arch, machine },
    ...{ console, emulator, features, disks, controllers, xml },
  };
}
