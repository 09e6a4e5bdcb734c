// The XML of a VM that is made from a few numbers: its disks are RBD volumes, its console is a serial line, and it hears the power button.

export interface RbdMonitor {
  host: string;
  /** Left out: the usual ones. */
  port?: number;
}

/** How guests open RBD volumes. */
export interface RbdAccess {
  monitors: RbdMonitor[];
  /** Without `client.`. */
  user: string;
  /** The UUID of the libvirt secret that holds the user's key on every node. */
  secretUuid: string;
}

export interface NewNic {
  bridge: string;
  mac: string;
  model: string;
}

export interface NewDomain {
  /** `kvm` or `qemu`. */
  type: string;
  name: string;
  uuid: string;
  description: string;
  memoryMib: number;
  vcpus: number;
  /** In their order: the first one is booted from. */
  volumes: { pool: string; volume: string }[];
  nics: NewNic[];
}

const FIRST_DISK = 'a'.charCodeAt(0);

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll("'", '&apos;').replaceAll('\r', '&#13;');

const monitorXml = ({ host, port }: RbdMonitor) =>
  port === undefined ? `<host name='${escaped(host)}'/>` : `<host name='${escaped(host)}' port='${port}'/>`;

const diskXml = ({ pool, volume }: NewDomain['volumes'][number], index: number, { monitors, user, secretUuid }: RbdAccess) => `
    <disk type='network' device='disk'>
      <driver name='qemu' type='raw' discard='unmap'/>
      <auth username='${escaped(user)}'><secret type='ceph' uuid='${secretUuid}'/></auth>
      <source protocol='rbd' name='${escaped(`${pool}/${volume}`)}'>${monitors.map(monitorXml).join('')}</source>
      <target dev='vd${String.fromCharCode(FIRST_DISK + index)}' bus='virtio'/>
    </disk>`;

const nicXml = ({ bridge, mac, model }: NewNic) => `
    <interface type='bridge'>
      <mac address='${escaped(mac)}'/>
      <source bridge='${escaped(bridge)}'/>
      <model type='${escaped(model)}'/>
    </interface>`;

/** `access` is needed when it has volumes. */
export function newDomainXml({ type, name, uuid, description, memoryMib, vcpus, volumes, nics }: NewDomain, access?: RbdAccess): string {
  const disks = access === undefined ? [] : volumes.map((volume, index) => diskXml(volume, index, access));
  return `<domain type='${type}'>
  <name>${escaped(name)}</name>
  <uuid>${uuid}</uuid>${description === '' ? '' : `\n  <description>${escaped(description)}</description>`}
  <memory unit='MiB'>${memoryMib}</memory>
  <vcpu>${vcpus}</vcpu>
  <os>
    <type arch='x86_64'>hvm</type>
    <boot dev='${volumes.length === 0 ? 'network' : 'hd'}'/>
  </os>
  <features><acpi/><apic/></features>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <serial type='pty'><target port='0'/></serial>
    <console type='pty'><target type='serial' port='0'/></console>${disks.join('')}${nics.map(nicXml).join('')}
  </devices>
</domain>
`;
}
