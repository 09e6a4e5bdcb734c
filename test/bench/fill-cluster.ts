// Cluster state to measure with: documents as real opcodes and agents leave them, written straight into the store.
import { NODE_REPORTS, NODES, registerNode, reportNode } from '../../src/cluster/node-documents.js';
import type { Change, Store } from '../../src/cluster/store.js';
import { VM_NAMES, VMS, type VmDocument } from '../../src/cluster/vm-documents.js';
import { vmFromXml } from '../../src/cluster/vm-from-xml.js';

/** Where it stands in the store, for who reads all of it. */
export const FILLED = [VMS, NODES, NODE_REPORTS];

/** Together under the largest request that ZooKeeper takes (1 MiB). */
const VMS_A_COMMIT = 100;
const NODE_COUNT = 100;

export const vmName = (index: number): string => `web-${index}`;
const vmUuid = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
const nodeName = (index: number) => `hv${index % NODE_COUNT}`;

/** Puts in so many VMs, and the first so many of a hundred nodes with their agents' reports, which live as long as the store's session. */
export async function fillCluster(store: Store, { vms, nodes }: { vms: number; nodes: number }): Promise<void> {
  const documentOf = vmDocumentMaker();
  for (let first = 0; first < vms; first += VMS_A_COMMIT) {
    const changes: Change[] = [];
    for (let index = first; index < Math.min(first + VMS_A_COMMIT, vms); index++) {
      changes.push({ kind: 'create', path: `${VM_NAMES}/${vmName(index)}`, data: vmUuid(index) });
      changes.push({ kind: 'create', path: `${VMS}/${vmUuid(index)}`, data: JSON.stringify(documentOf(index)) });
    }
    await store.commit(changes);
  }
  await Promise.all(Array.from({ length: nodes }, (_, index) => addNode(store, nodeName(index))));
}

function vmDocumentMaker(): (index: number) => VmDocument {
  // Parsed once: the documents differ in name and UUID only.
  const parsed = vmFromXml(domainXml(0));
  return (index) => ({
    ...parsed,
    name: vmName(index),
    xml: domainXml(index),
    uuid: vmUuid(index),
    state: 'start',
    node: nodeName(index),
    last_node: '',
    target_node: '',
    failed_reason: '',
    node_selector: 'mem',
    defined_by: 1,
  });
}

async function addNode(store: Store, name: string): Promise<void> {
  await registerNode(store, { name, uri: `qemu+tcp://${name}/system`, coordinator: false });
  await reportNode(store, name, {
    cpu_count: 64,
    load: 3.5,
    memory_total: 524_288,
    memory_free: 262_144,
    hypervisor_silent: false,
    coordinator_state: 'client',
    unknown_domains: [],
    running_domains: Array.from({ length: 100 }, (_, index) => vmUuid(index)),
    kernel: '6.1.0-18-amd64',
    os: 'GNU/Linux',
    arch: 'x86_64',
    libvirt_version: '9.0.0',
    qemu_version: '7.2.0',
  });
}

const disk = (index: number, device: string) => `
    <disk type='network' device='disk'>
      <driver name='qemu' type='raw' cache='none' discard='unmap'/>
      <auth username='libvirt'><secret type='ceph' uuid='5f1c7a92-2f7c-4c0e-9f6a-6d5a3c0f7a11'/></auth>
      <source protocol='rbd' name='vms/${vmName(index)}_${device}'><host name='10.0.0.1' port='6789'/><host name='10.0.0.2' port='6789'/></source>
      <target dev='${device}' bus='scsi'/>
    </disk>`;

const domainXml = (index: number) => `<domain type='kvm'>
  <name>${vmName(index)}</name>
  <uuid>${vmUuid(index)}</uuid>
  <description>a web server</description>
  <memory unit='MiB'>4096</memory>
  <vcpu>2</vcpu>
  <cpu mode='host-model'><topology sockets='1' cores='2' threads='1'/></cpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/><pae/></features>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>restart</on_crash>
  <devices>
    <emulator>/usr/bin/kvm</emulator>${disk(index, 'sda')}${disk(index, 'sdb')}
    <controller type='scsi' index='0' model='virtio-scsi'/>
    <interface type='bridge'>
      <mac address='52:54:00:00:00:01'/><source bridge='vmbr100'/><model type='virtio'/>
    </interface>
    <serial type='pty'><target port='0'/></serial>
    <console type='pty'><target type='serial' port='0'/></console>
  </devices>
</domain>`;
