// PVC's VM endpoints, and the opcodes that they become. The texts are PVC's.
import Type from 'typebox';
import { DomainXml, NodeName, Selector, VmReference } from '../../../schemas/names.js';
import { VmDefine } from '../../../schemas/opcodes/vm-define.js';
import { VmModify } from '../../../schemas/opcodes/vm-modify.js';
import { VmUndefine } from '../../../schemas/opcodes/vm-undefine.js';
import { Vm, VmState, VmStateAnswer } from '../../../schemas/resources/vm.js';
import { fromCluster } from '../../http/cluster-answer.js';
import { mutation, reading } from '../../http/route.js';
import { NamePattern, nameFilter } from '../../validation/name-pattern.js';
import { findVm } from './find-vm.js';
import { sortedByName } from './sorted-by-name.js';
import { STATE_CHANGES, WantedState } from './state-changes.js';

export const listVms = reading({
  method: 'GET',
  path: '/vm',
  access: 'read',
  summary: 'The VMs, sorted by name.',
  values: { limit: Type.Optional(NamePattern), node: Type.Optional(NodeName), state: Type.Optional(VmState) },
  answer: Type.Array(Vm),
  read: fromCluster((cluster, { limit, node, state }: { limit?: string; node?: string; state?: VmState }) => {
    const passes = nameFilter(limit);
    const wanted = (vm: Vm) => passes(vm.name) && (node === undefined || vm.node === node) && (state === undefined || vm.state === state);
    return sortedByName([...cluster.vms()].filter(wanted));
  }),
});

export const readVm = reading({
  method: 'GET',
  path: '/vm/:vm',
  access: 'read',
  summary: 'A VM.',
  values: { vm: VmReference },
  answer: Vm,
  read: fromCluster((cluster, { vm }: { vm: string }) => findVm(cluster, vm)),
});

export const readVmState = reading({
  method: 'GET',
  path: '/vm/:vm/state',
  access: 'read',
  summary: "A VM's state.",
  values: { vm: VmReference },
  answer: VmStateAnswer,
  read: fromCluster((cluster, { vm }: { vm: string }) => {
    const { name, state } = findVm(cluster, vm);
    return { name, state };
  }),
});

export const defineVm = mutation({
  method: 'POST',
  path: '/vm',
  access: 'write',
  summary: 'Defines a VM from libvirt XML.',
  values: { xml: DomainXml, node: Type.Optional(NodeName), selector: Type.Optional(Selector) },
  xmlValue: 'xml',
  ops: ({ xml, node, selector }) => [
    { OP_ID: VmDefine.id, xml, ...(node === undefined ? {} : { node }), ...(selector === undefined ? {} : { selector }) },
  ],
  message: (_values, [op]) =>
    `Added new VM with Name ${JSON.stringify(op?.['name'])} and UUID ${JSON.stringify(op?.['uuid'])} to database.`,
});

export const modifyVm = mutation({
  method: 'PUT',
  path: '/vm/:vm',
  access: 'write',
  summary: "Replaces a VM's libvirt XML.",
  values: { vm: VmReference, xml: DomainXml, restart: VmModify.parameters.properties.restart },
  xmlValue: 'xml',
  ops: ({ vm, xml, restart = false }) => [{ OP_ID: VmModify.id, vm, xml, restart }],
  message: ({ vm }) => `Successfully modified configuration of VM "${vm}".`,
});

export const undefineVm = mutation({
  method: 'DELETE',
  path: '/vm/:vm',
  access: 'write',
  summary: 'Stops a VM by force and removes it from the cluster; its disks stay unless `delete_disks`.',
  values: { vm: VmReference, delete_disks: VmUndefine.parameters.properties.delete_disks },
  ops: ({ vm, delete_disks = false }) => [{ OP_ID: VmUndefine.id, vm, ...(delete_disks ? { delete_disks } : {}) }],
  message: ({ vm, delete_disks = false }) =>
    delete_disks ? `Removed VM "${vm}" and disks from the cluster.` : `Undefined VM "${vm}" from the cluster.`,
});

export const setVmState = mutation({
  method: 'POST',
  path: '/vm/:vm/state',
  access: 'write',
  summary: 'Starts, shuts down, stops, restarts or disables a VM.',
  values: { vm: VmReference, state: WantedState },
  ops: ({ vm, state }) => [{ OP_ID: STATE_CHANGES[state].opcode, vm }],
  message: ({ vm, state }) => STATE_CHANGES[state].message(vm),
});
